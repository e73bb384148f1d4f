// Command recognize reads a document with ocr-sidecar: text on stdout, progress on stderr, Ctrl-C
// cancels. The program is found on the PATH, or named by OCR_SIDECAR. Exit codes: 0 something was
// read, 1 nothing was, 2 wrong usage, 3 no daemon, 130 cancelled.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

type object = map[string]any

// message is any line of the daemon. Requests have their method as id, so that one word tells what
// it is, an answer or a notification.
type message struct {
	ID, Method string
	Params     json.RawMessage
	Result     json.RawMessage
	Error      *struct{ Message string }
}

// told is what this program wants to know of results and notifications.
type told struct {
	Overflow             *struct{ Path string }
	Path                 *string
	Message, Text, State string
	JobID                string `json:"job_id"`
	PageCount            int    `json:"page_count"`
	Error                *struct{ Message string }
}

func main() {
	engine := flag.String("engine", "auto", "engine to read with")
	stopAfter := flag.Int("stop-after", -1, "cancel after so many pages")
	flag.Parse() // a wrong option ends with 2
	if flag.NArg() != 1 {
		fail(2, "recognize [-engine NAME] [-stop-after PAGES] FILE")
	}
	path, err := filepath.Abs(flag.Arg(0))
	check(err)
	program := os.Getenv("OCR_SIDECAR")
	if program == "" {
		program = "ocr-sidecar"
	}
	daemon := exec.Command(program)
	daemon.Stderr = os.Stderr
	stdin, err := daemon.StdinPipe()
	check(err)
	stdout, err := daemon.StdoutPipe()
	check(err)
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt) // the daemon gets it too, and then cancels by itself
	if err := daemon.Start(); err != nil {
		fail(3, "The daemon cannot be started:", err)
	}
	send := func(method string, params object) {
		request := object{"jsonrpc": "2.0", "id": method, "method": method, "params": params}
		line, _ := json.Marshal(request)
		_, _ = stdin.Write(append(line, '\n')) // a broken pipe is the end of stdout as well
	}

	messages := make(chan message)
	go read(stdout, messages)
	// The daemon then watches this process, and leaves with it however it ends.
	send("initialize", object{"host_pid": os.Getpid()})
	document := object{"path": path}
	send("document/info", object{"document": document})
	send("ocr/start", object{"document": document, "options": object{"engine": *engine}})

	code, jobID, pages := 3, "", 0
	for {
		var each message
		var open bool
		select {
		case <-interrupts:
			if jobID == "" {
				os.Exit(130) // the end of its stdin ends the daemon
			}
			send("job/cancel", object{"job_id": jobID})
			continue
		case each, open = <-messages:
		}
		if !open { // the end of stdout
			_ = daemon.Wait()
			if code == 3 {
				fail(code, "The daemon has ended.")
			}
			os.Exit(code)
		}
		if each.Error != nil {
			fmt.Fprintln(os.Stderr, each.Error.Message)
			if each.ID == "initialize" || each.ID == "ocr/start" {
				code = 1
				check(stdin.Close()) // which ends the daemon
			}
			continue
		}
		now := whole(each)
		switch each.ID + each.Method {
		case "document/info":
			fmt.Fprintln(os.Stderr, now.PageCount, "pages")
		case "ocr/start":
			jobID = now.JobID
			fmt.Fprintln(os.Stderr, "started", jobID)
		case "job/progress":
			fmt.Fprintln(os.Stderr, now.Message)
		case "job/page":
			fmt.Println(now.Text)
			if pages++; pages == *stopAfter {
				send("job/cancel", object{"job_id": jobID})
			}
		case "job/result", "job/error":
			fmt.Fprintln(os.Stderr, now.State)
			code = map[string]int{"succeeded": 0, "partial": 0, "failed": 1, "cancelled": 130}[now.State]
			send("shutdown", object{})
		case "shutdown":
			check(stdin.Close())
		}
	}
}

// read cuts lines of any length: a bufio.Scanner would stop at 64 KiB.
func read(stdout io.Reader, messages chan<- message) {
	defer close(messages)
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var each message
		check(json.Unmarshal(line, &each))
		messages <- each
	}
}

// whole reads what no line had room for: `overflow` of a result, `path` of a job's notification.
func whole(each message) (now told) {
	_ = json.Unmarshal(append(each.Params, each.Result...), &now) // one of them is there
	path := now.Path
	if now.Overflow != nil {
		path = &now.Overflow.Path
	} else if now.JobID == "" {
		return now // a `path` of something else
	}
	if path != nil {
		content, err := os.ReadFile(*path)
		check(err)
		check(json.Unmarshal(content, &now))
	}
	return now
}

func check(err error) {
	if err != nil {
		fail(1, err)
	}
}

func fail(code int, words ...any) {
	fmt.Fprintln(os.Stderr, words...)
	os.Exit(code)
}

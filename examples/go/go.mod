module ocr-sidecar-example

go 1.21

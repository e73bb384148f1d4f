"""The engine as the worker loads it: models in, then detect and recognize a page at a time."""

from ocr_worker.engines.base import Checkpoint, Pixels, Reading, RecognizedLine, Step
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped


class RapidOcrEngine:
    """PP-OCRv6 small, detection and recognition, on one inference thread.

    One model reads every language of the engine, so those asked for change nothing. Raise
    `EngineUnavailable` when a package or a model file is missing or cannot be loaded.
    """

    name = "rapidocr"
    prepared_by: frozenset[Step] = frozenset({"blank"})

    def __init__(self) -> None:
        self._installation = installation = find_installation()
        try:
            import cv2

            from ocr_worker.engines.rapidocr.detector import Detector
            from ocr_worker.engines.rapidocr.recognizer import Recognizer
            from ocr_worker.engines.rapidocr.session import open_session

            cv2.setNumThreads(1)  # parallelism comes from several workers
            self._detector = Detector(
                open_session(installation.detection_model, installation.runtime)
            )
            self._recognizer = Recognizer(
                open_session(installation.recognition_model, installation.runtime)
            )
        except MemoryError:
            raise
        except Exception as error:
            raise EngineUnavailable(
                f"The engine's models cannot be loaded with {installation.runtime}; "
                "reinstall rapidocr and its inference runtime"
            ) from error

    @property
    def version(self) -> str:
        """What is installed, looked up when asked."""
        return self._installation.version

    def recognize(
        self, pixels: Pixels, reading: Reading, checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return the lines found, in no particular order.

        Raise `TaskError` of kind `recognition_failed` when the runtime refuses the page.
        """
        try:
            checkpoint("detect")
            quads = self._detector.detect(pixels)
            return self._recognizer.recognize(pixels, quads, checkpoint, rotate=reading.rotate)
        except (TaskStopped, TaskError, MemoryError):
            raise
        except Exception as error:  # the runtimes and OpenCV share no base class of their own
            raise TaskError(
                "recognition_failed", "The recognition runtime refused this page"
            ) from error

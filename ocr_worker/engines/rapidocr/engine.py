"""The engine as the worker loads it: models in, then detect and recognize a page at a time."""

from functools import cache, partial

from ocr_worker.engines.base import Checkpoint, Pixels, Reading, RecognizedLine, Step
from ocr_worker.engines.rapidocr.expected import expected_of
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.engines.rapidocr.lexicon import common_words
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped


class RapidOcrEngine:
    """PP-OCRv6 small, detection and recognition, on one inference thread.

    One model reads every language of the engine; those asked for tell which characters to expect.
    Raise `EngineUnavailable` when a package or a model file is missing or cannot be loaded.
    """

    name = "rapidocr"
    prepared_by: frozenset[Step] = frozenset({"blank"})

    def __init__(self) -> None:
        self._installation = installation = find_installation()
        try:
            import cv2

            from ocr_worker.engines.rapidocr.detector import Detector
            from ocr_worker.engines.rapidocr.networks import open_detection, open_recognition
            from ocr_worker.engines.rapidocr.recognizer import Recognizer, few_classes

            cv2.setNumThreads(1)  # parallelism comes from several workers
            self._detector = Detector(
                open_detection(installation.detection_model, installation.runtime)
            )
            self._recognition = open_recognition(
                installation.recognition_model, installation.runtime, few_classes
            )
            self._recognizer_for = cache(partial(Recognizer, self._recognition))
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

    def load_ahead(self) -> None:
        """Load what long lines and doubtful words need."""
        self._recognition.load_ahead()
        common_words()

    def recognize(
        self, pixels: Pixels, reading: Reading, checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return the lines found, in no particular order.

        Raise `TaskError` of kind `recognition_failed` when the runtime refuses the page.
        """
        try:
            quads = self._detector.detect(pixels, checkpoint)
            recognizer = self._recognizer_for(expected_of(reading.languages))
            return recognizer.recognize(pixels, quads, checkpoint, rotate=reading.rotate)
        except (TaskStopped, TaskError, MemoryError):
            raise
        except Exception as error:  # the runtimes and OpenCV share no base class of their own
            raise TaskError(
                "recognition_failed", "The recognition runtime refused this page"
            ) from error

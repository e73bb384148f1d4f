"""The engine as the worker loads it: models in, then detect and recognize a page at a time."""

from ocr_worker.engines.base import Checkpoint, Pixels, Reading, RecognizedLine, Step
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped
from ocr_worker.languages import resolve


class RapidOcrEngine:
    """PP-OCRv6 small, detection and recognition, on one inference thread.

    One model reads every language of the engine; those asked for tell which characters to expect.
    Raise `EngineUnavailable` when a package or a model file is missing or cannot be loaded.
    """

    name = "rapidocr"
    prepared_by: frozenset[Step] = frozenset({"blank"})

    def __init__(self) -> None:
        installation = find_installation()
        self.version = installation.version
        try:
            import cv2

            from ocr_worker.engines.rapidocr.detector import Detector
            from ocr_worker.engines.rapidocr.networks import open_detection, open_recognition
            from ocr_worker.engines.rapidocr.recognizer import Recognizer, few_classes

            cv2.setNumThreads(1)  # parallelism comes from several workers
            self._detector = Detector(
                open_detection(installation.detection_model, installation.runtime)
            )
            self._recognizer = Recognizer(
                open_recognition(installation.recognition_model, installation.runtime, few_classes)
            )
        except MemoryError:
            raise
        except Exception as error:
            raise EngineUnavailable(
                f"The engine's models cannot be loaded with {installation.runtime}; "
                "reinstall rapidocr and its inference runtime"
            ) from error

    def recognize(
        self, pixels: Pixels, reading: Reading, checkpoint: Checkpoint
    ) -> list[RecognizedLine]:
        """Return the lines found, in no particular order.

        Raise `TaskError` of kind `recognition_failed` when the runtime refuses the page.
        """
        try:
            quads = self._detector.detect(pixels, checkpoint)
            return self._recognizer.recognize(
                pixels,
                quads,
                checkpoint,
                rotate=reading.rotate,
                east_asian=_is_east_asian(reading.languages),
            )
        except (TaskStopped, TaskError, MemoryError):
            raise
        except Exception as error:  # the runtimes and OpenCV share no base class of their own
            raise TaskError(
                "recognition_failed", "The recognition runtime refused this page"
            ) from error


def _is_east_asian(languages: tuple[str, ...]) -> bool:
    found = [resolve(code) for code in languages]
    return any(language is None or language.script != "Latn" for language in found)

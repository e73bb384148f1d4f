"""The numbers that the daemon sends, by what they count or measure.

Nothing checks them as they are sent: the schema tells them, and the tests hold every line to them.
"""

from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
Index = Annotated[int, Meta(ge=0, description="Counts from 0.")]
Ordinal = Annotated[int, Meta(ge=1, description="Counts from 1.")]
SlotNumber = Annotated[int, Meta(ge=0, description="Slots count from 1; 0 is the inspector.")]
ByteCount = Annotated[int, Meta(ge=0, description="Bytes.")]
Duration = Annotated[float, Meta(ge=0, description="Seconds.")]
UnixTime = Annotated[float, Meta(ge=0, description="Unix seconds.")]
Percent = Annotated[float, Meta(ge=0, le=100)]
Confidence = Annotated[float, Meta(ge=0, le=1)]
Points = Annotated[float, Meta(description="PDF points, 72 to the inch.")]
QuarterTurn = Annotated[
    int, Meta(ge=0, le=270, multiple_of=90, description="Degrees clockwise: 0, 90, 180 or 270.")
]
Rate = Annotated[float, Meta(ge=0)]

using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>A received answer before its body is decoded.</summary>
/// <param name="Answer">The answer; null if the body contains it.</param>
internal readonly record struct ReceivedStatus(StatusAnswer? Answer)
{
    public ReceivedStatus(PollAnswer answer, string detail)
        : this(new StatusAnswer(answer, Detail: detail))
    {
    }

    public int Status { get; init; }

    public ReadAnswer Read { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public bool EndsWithConnection { get; init; }

    public static bool IsEndedByConnection(HttpResponseMessage response) =>
        response.Content.Headers.ContentLength is null && response.Headers.TransferEncodingChunked != true && response.Version.Major == 1;

    /// <summary>Whether a body was cut off. If only the end of the connection ends the body, the body itself is the only evidence.</summary>
    public bool WasCut(ReadOnlyMemory<byte> body) => EndsWithConnection && JsonBody.IsBeginning(ByteOrderMark.Skip(body).Span);
}

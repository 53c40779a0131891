using System.Net.Http.Headers;

namespace FopWatch.Providers;

/// <summary>
/// How a question went over HTTP, for whoever wants to know why it was not answered. Filled in as the question proceeds; of several responses, the
/// last one counts.
/// </summary>
public sealed class StatusExchange
{
    /// <summary>Why there was no response, or no whole one; null if there was, or the time was over.</summary>
    public Exception? Failure { get; internal set; }

    /// <summary>Whether no whole response came within the time that there was.</summary>
    public bool HasTimedOut { get; internal set; }

    /// <summary>The status of the response; null if none came.</summary>
    public int? Status { get; private set; }

    /// <summary>The media type of its body; null if it does not say.</summary>
    public string? MediaType { get; private set; }

    /// <summary>The time that the response says it was made at, in whole seconds; null if it does not say.</summary>
    public DateTimeOffset? Date { get; private set; }

    /// <summary>Where a redirect led that was not followed; null if there was none.</summary>
    public Uri? RedirectedTo { get; internal set; }

    /// <summary>How long it took, from when it was sent.</summary>
    public TimeSpan Took { get; internal set; }

    internal void Received(HttpResponseMessage response) =>
        (Status, MediaType, Date) = ((int)response.StatusCode, MediaTypeOf(response.Content.Headers), response.Headers.Date);

    private static string? MediaTypeOf(HttpContentHeaders headers) => headers.ContentType?.MediaType?.ToLowerInvariant();
}

/// <summary>An answer of a status API, and how it came.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Exchange">How it came.</param>
public sealed record StatusExamination(StatusAnswer Answer, StatusExchange Exchange);

using System.Net.Http.Headers;

namespace FopWatch.Providers;

/// <summary>
/// The HTTP details of a request, which show why it was not answered. They are filled in as the request proceeds. The last of several responses counts.
/// </summary>
public sealed class StatusExchange
{
    /// <summary>Why there was no complete response; null if there was one, or if the request timed out.</summary>
    public Exception? Failure { get; internal set; }

    /// <summary>Whether there was no complete response within the timeout.</summary>
    public bool HasTimedOut { get; internal set; }

    /// <summary>The status of the response; null if there was none.</summary>
    public int? Status { get; private set; }

    /// <summary>The media type of the body; null if it is not given.</summary>
    public string? MediaType { get; private set; }

    /// <summary>The <c>Date</c> of the response, in whole seconds; null if it is not given.</summary>
    public DateTimeOffset? Date { get; private set; }

    /// <summary>The target of a redirect that was not followed; null if there was none.</summary>
    public Uri? RedirectedTo { get; internal set; }

    /// <summary>The time since the request was sent.</summary>
    public TimeSpan Took { get; internal set; }

    internal void Received(HttpResponseMessage response) =>
        (Status, MediaType, Date) = ((int)response.StatusCode, MediaTypeOf(response.Content.Headers), response.Headers.Date);

    private static string? MediaTypeOf(HttpContentHeaders headers) => headers.ContentType?.MediaType?.ToLowerInvariant();
}

/// <summary>An answer of a status API with its HTTP details.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Exchange">The HTTP details.</param>
public sealed record StatusExamination(StatusAnswer Answer, StatusExchange Exchange);

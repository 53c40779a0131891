namespace FopWatch.Client;

/// <summary>How a <see cref="FopWatchClient"/> reaches its host.</summary>
public sealed class FopWatchClientOptions
{
    /// <summary>
    /// The URL of the host, http or https, without a query: <c>http://127.0.0.1:7071</c> for an embedded host on the same machine. For a
    /// cloud host that is called with only an API key, it ends in <c>/keyed</c>.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>The API key, sent as <c>X-Api-Key</c>; null for none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>The function key of a cloud host, sent as <c>x-functions-key</c>; null for none.</summary>
    public string? FunctionKey { get; set; }

    /// <summary>
    /// How long a call may take, from 1 second to 1 hour. Waits, polls and bulk requests, which take longer by design, have more time.
    /// </summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a call is retried if the host cannot be reached, cuts the connection, or answers 429, 502, 503 or 504, up to 1 day. With
    /// zero, a call is made once. Pauses grow from half a second to 15 seconds, or follow <c>Retry-After</c>.
    /// <see cref="IFopWatchClient.WaitAsync"/> and <see cref="IFopWatchClient.EventsAsync"/> retry without end.
    /// </summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether a call is retried if no connection can be made. If false, a stopped host is reported at once.</summary>
    public bool RetryConnecting { get; set; } = true;

    /// <summary>
    /// The size limit of an answer and of an event in bytes, from 64 KiB to 1 GiB. With its default settings, FopWatch sends nothing longer
    /// than the default.
    /// </summary>
    public long MaxAnswerBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>The problems of the options, a sentence each; empty if there are none.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Url is null)
            yield return "Url is missing.";
        else if (!Url.IsAbsoluteUri || Url.Scheme is not ("http" or "https") || Url.Query.Length + Url.Fragment.Length + Url.UserInfo.Length > 0)
            yield return $"Url '{Url}' is not an http or https URL without user info, query or fragment.";
        if (WrongKey(ApiKey))
            yield return "ApiKey is empty, or has characters that are not allowed in an HTTP header.";
        if (WrongKey(FunctionKey))
            yield return "FunctionKey is empty, or has characters that are not allowed in an HTTP header.";
        if (AnswerTimeout < TimeSpan.FromSeconds(1) || AnswerTimeout > TimeSpan.FromHours(1))
            yield return "AnswerTimeout is not from 1 second to 1 hour.";
        if (RetryFor < TimeSpan.Zero || RetryFor > TimeSpan.FromDays(1))
            yield return "RetryFor is not from 0 to 1 day.";
        if (MaxAnswerBytes is < 64 * 1024 or > 1024L * 1024 * 1024)
            yield return "MaxAnswerBytes is not from 64 KiB to 1 GiB.";
    }

    private static bool WrongKey(string? key) => key is not null && (key.Trim().Length != key.Length || key.Length == 0 || key.Any(c => c is < ' ' or > '~'));
}

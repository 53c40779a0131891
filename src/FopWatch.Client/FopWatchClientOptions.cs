namespace FopWatch.Client;

/// <summary>How a <see cref="FopWatchClient"/> reaches its host.</summary>
public sealed class FopWatchClientOptions
{
    /// <summary>
    /// The host's URL, http or https, without a query: <c>http://127.0.0.1:7071</c> for an embedded host on the same machine. Of a cloud host that is
    /// called with an API key alone, it ends with <c>/keyed</c>.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>The API key, sent as <c>X-Api-Key</c>; null for none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>The function key of a cloud host, sent as <c>x-functions-key</c>; null for none.</summary>
    public string? FunctionKey { get; set; }

    /// <summary>
    /// How long a call may take to be answered, from 1 second to 1 hour. Calls that the host takes longer for by design have more: waits, polls, and
    /// bulk requests.
    /// </summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a call is repeated after which the host cannot be reached, cuts the connection, or answers 429, 502, 503 or 504, up to 1 day. Zero: a
    /// call is made once. Pauses grow from half a second to 15 seconds, or are those of <c>Retry-After</c>. <see cref="IFopWatchClient.WaitAsync"/>
    /// and <see cref="IFopWatchClient.EventsAsync"/> go on without end.
    /// </summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether a call is repeated where no connection can be made. If false, a host that does not run is reported at once.</summary>
    public bool RetryConnecting { get; set; } = true;

    /// <summary>The longest answer that is read, and the longest event, in bytes, from 64 KiB to 1 GiB. A longer one is not FopWatch's with its default settings.</summary>
    public long MaxAnswerBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>What is wrong; empty if nothing is. Each is a sentence.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Url is null)
            yield return "Url is missing.";
        else if (!Url.IsAbsoluteUri || Url.Scheme is not ("http" or "https") || Url.Query.Length + Url.Fragment.Length + Url.UserInfo.Length > 0)
            yield return $"Url '{Url}' is not an http or https URL without user info, query and fragment.";
        if (WrongKey(ApiKey))
            yield return "ApiKey is empty, or has characters that no header can carry.";
        if (WrongKey(FunctionKey))
            yield return "FunctionKey is empty, or has characters that no header can carry.";
        if (AnswerTimeout < TimeSpan.FromSeconds(1) || AnswerTimeout > TimeSpan.FromHours(1))
            yield return "AnswerTimeout is not from 1 second to 1 hour.";
        if (RetryFor < TimeSpan.Zero || RetryFor > TimeSpan.FromDays(1))
            yield return "RetryFor is not from 0 to 1 day.";
        if (MaxAnswerBytes is < 64 * 1024 or > 1024L * 1024 * 1024)
            yield return "MaxAnswerBytes is not from 64 KiB to 1 GiB.";
    }

    private static bool WrongKey(string? key) => key is not null && (key.Trim().Length != key.Length || key.Length == 0 || key.Any(c => c is < ' ' or > '~'));
}

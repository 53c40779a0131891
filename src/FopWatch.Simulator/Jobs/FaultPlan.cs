namespace FopWatch.Simulator;

/// <summary>What a forged notification carries instead of a valid signature.</summary>
public enum Forgery
{
    /// <summary>There is no forged notification.</summary>
    None,

    /// <summary>A signature with a known access key and a wrong secret key.</summary>
    WrongSignature,

    /// <summary>No signature.</summary>
    NoSignature,

    /// <summary>A valid signature with a key that is not the customer's.</summary>
    UnknownKey,
}

/// <summary>How the status API answers one query.</summary>
public enum StatusAnswer
{
    /// <summary>Truthfully.</summary>
    Report,

    /// <summary>The id is unknown: Qiniu 612, Wangsu <see cref="SimulatorOptions.WangsuNotFoundStatus"/>.</summary>
    NotFound,

    /// <summary>Too many queries: Qiniu 573, Wangsu 429.</summary>
    Throttled,

    /// <summary>A server error: Qiniu 599, Wangsu 503.</summary>
    Failed599,

    /// <summary>With a plain 500.</summary>
    Failed500,

    /// <summary>No answer until the client gives up or <see cref="SimulatorOptions.HangLimit"/> has passed.</summary>
    Hang,

    /// <summary>The first half of a body. Then the connection is closed.</summary>
    Truncated,

    /// <summary>Half a body, sent as if it were complete.</summary>
    HalfBody,

    /// <summary>Truthfully, a few bytes at a time over <see cref="SimulatorOptions.SlowBody"/>.</summary>
    Slow,

    /// <summary>Truthfully, but as <c>text/html</c>.</summary>
    WrongContentType,

    /// <summary>An HTML page, with 200.</summary>
    HtmlPage,

    /// <summary>A redirect to another host, which reports a false outcome.</summary>
    Redirect,

    /// <summary>401: the query about a workflow is not signed with one of the customer's keys. Not for fault plans.</summary>
    Unauthorized,

    /// <summary>A malformed query: 400 without an id, 404 for another path, 405 for another method. Not for fault plans.</summary>
    BadRequest,
}

/// <summary>The faults in reporting one job. Faults can be combined.</summary>
public sealed record FaultPlan
{
    /// <summary>No faults.</summary>
    public static readonly FaultPlan None = new();

    /// <summary>The notification is never sent, and the status API does not mention it.</summary>
    public bool Lost { get; init; }

    /// <summary>The notification never arrives, and the status API says so: Qiniu code 4, Wangsu code 5.</summary>
    public bool NotificationFails { get; init; }

    /// <summary>Every notification is sent twice, each with its own retries.</summary>
    public bool Doubled { get; init; }

    /// <summary>How long after the end of the processing the notification is sent.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>Separate notifications are held back until processing is over, and then sent one by one in another order.</summary>
    public bool Reordered { get; init; }

    /// <summary>A notification that claims another outcome precedes the genuine one.</summary>
    public Forgery Forged { get; init; }

    /// <summary>An undecodable body precedes the genuine notification.</summary>
    public bool UndecodableFirst { get; init; }

    /// <summary>The connection of the first delivery is cut in the middle of the body; the provider retries.</summary>
    public bool CutFirst { get; init; }

    /// <summary>The answers to the first queries, in order. Later answers are truthful.</summary>
    public IReadOnlyList<StatusAnswer> Status { get; init; } = [];

    /// <summary>The answer to every query about the job; null if <see cref="Status"/> decides.</summary>
    public StatusAnswer? StatusAlways { get; init; }

    /// <summary>
    /// How long after the submission <see cref="StatusAnswer.NotFound"/> in <see cref="Status"/> applies. Later answers are truthful,
    /// because an id that is unknown for long never becomes known (providers.md, section 1).
    /// </summary>
    public TimeSpan NotFoundWindow { get; init; } = TimeSpan.FromMinutes(9);
}

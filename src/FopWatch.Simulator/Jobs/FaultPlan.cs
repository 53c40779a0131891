namespace FopWatch.Simulator;

/// <summary>What a forged notification carries instead of a right signature.</summary>
public enum Forgery
{
    /// <summary>There is no forged notification.</summary>
    None,

    /// <summary>A signature by a known access key, made with a wrong secret.</summary>
    WrongSignature,

    /// <summary>No signature.</summary>
    NoSignature,

    /// <summary>A correct signature by a key that is not the customer's.</summary>
    UnknownKey,
}

/// <summary>How the status API answers one question.</summary>
public enum StatusAnswer
{
    /// <summary>Truthfully.</summary>
    Report,

    /// <summary>That there is no such id: Qiniu 612, Wangsu <see cref="SimulatorOptions.WangsuNotFoundStatus"/>.</summary>
    NotFound,

    /// <summary>That it is asked too often: Qiniu 573, Wangsu 429.</summary>
    Throttled,

    /// <summary>That the server failed: Qiniu 599, Wangsu 503.</summary>
    Failed599,

    /// <summary>With a plain 500.</summary>
    Failed500,

    /// <summary>Not at all, until the client gives up or <see cref="SimulatorOptions.HangLimit"/> is over.</summary>
    Hang,

    /// <summary>With the first half of a body, and then the connection is closed.</summary>
    Truncated,

    /// <summary>With half a body as if it were all.</summary>
    HalfBody,

    /// <summary>Truthfully, a few bytes at a time over <see cref="SimulatorOptions.SlowBody"/>.</summary>
    Slow,

    /// <summary>Truthfully, but as <c>text/html</c>.</summary>
    WrongContentType,

    /// <summary>With a page for people, and 200.</summary>
    HtmlPage,

    /// <summary>With a redirect to another host, where somebody lies about the outcome.</summary>
    Redirect,

    /// <summary>401: the question about a workflow is not signed with a key of the customer's. Not for scripts.</summary>
    Unauthorized,

    /// <summary>That the question is malformed: 400 without an id, 404 for another path, 405 for another method. Not for scripts.</summary>
    BadRequest,
}

/// <summary>What goes wrong in reporting how one job stands. Faults combine.</summary>
public sealed record FaultPlan
{
    /// <summary>Nothing goes wrong.</summary>
    public static readonly FaultPlan None = new();

    /// <summary>The notification is never sent, and the status API does not mention it.</summary>
    public bool Lost { get; init; }

    /// <summary>The notification never gets through and the status API says so: Qiniu code 4, Wangsu code 5.</summary>
    public bool NotificationFails { get; init; }

    /// <summary>Every notification is sent twice, each with retries of its own.</summary>
    public bool Doubled { get; init; }

    /// <summary>How long after the end of the processing the notification is sent.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>Separate notifications are kept back until the processing is over and then sent one by one, the last one not last.</summary>
    public bool Reordered { get; init; }

    /// <summary>Before the genuine notification comes one that claims another outcome.</summary>
    public Forgery Forged { get; init; }

    /// <summary>Before the genuine notification comes a body that makes no sense.</summary>
    public bool UndecodableFirst { get; init; }

    /// <summary>The connection of the first delivery is cut in the middle of the body; the provider retries.</summary>
    public bool CutFirst { get; init; }

    /// <summary>The answers to the first questions, in order; the ones after them are truthful.</summary>
    public IReadOnlyList<StatusAnswer> Status { get; init; } = [];

    /// <summary>The answer to every question, for the job's whole life; null if <see cref="Status"/> decides.</summary>
    public StatusAnswer? StatusAlways { get; init; }

    /// <summary>
    /// From the submission on, how long <see cref="StatusAnswer.NotFound"/> in <see cref="Status"/> counts; afterwards the answer is
    /// truthful instead, because an id that is unknown for long is unknown for good (providers.md, section 1).
    /// </summary>
    public TimeSpan NotFoundWindow { get; init; } = TimeSpan.FromMinutes(9);
}

using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers.Signatures;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>How far a notification can be believed.</summary>
public enum Trust
{
    /// <summary>It carries a signature that is wrong, or by a key that is not in a key ring that has keys.</summary>
    Invalid,

    /// <summary>It carries no signature, or there is no key to check one with.</summary>
    None,

    /// <summary>Its signature is right but does not cover the body.</summary>
    Weak,

    /// <summary>Its signature is right and covers the body.</summary>
    Strong,
}

/// <summary>A notification as it arrived, with the URL as the provider was given it.</summary>
public sealed record SignedRequest
{
    /// <summary>The whole URL as the provider called it: the configured public URL with the request's path and query.</summary>
    public required Uri Url { get; init; }

    /// <summary>The <c>Authorization</c> header as it came; null if there is none.</summary>
    public string? Authorization { get; init; }

    /// <summary>The <c>Content-Type</c> header as it came; null if there is none.</summary>
    public string? ContentType { get; init; }

    /// <summary>The headers that a provider's signature covers (<see cref="ProviderKinds.SignsHeader"/>), but for those above.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> SignedHeaders { get; init; } = [];

    /// <summary>
    /// The headers of <see cref="CallHeaderNames"/> as they came. No signature is checked against them: they serve to find out why one
    /// is wrong.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> CallHeaders { get; init; } = [];

    /// <summary>The body, byte for byte.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The headers that say under which URL a request was made, and what a proxy knows of it.</summary>
    public static IReadOnlyList<string> CallHeaderNames { get; } =
        ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-Host", "Forwarded"];

    /// <summary>The longest of <see cref="CallHeaders"/> that is kept, in characters.</summary>
    public const int MaxCallHeaderLength = 512;

    internal string? CalledBy(string name) => CallHeaders
        .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(header => header.Value)
        .FirstOrDefault();
}

/// <summary>How much of a body is read.</summary>
public enum ReportDetail
{
    /// <summary>All that is kept of it, secrets redacted.</summary>
    Whole,

    /// <summary>
    /// The job that it is about: its id, its buckets and its pipeline, and whether it is a workflow. Nothing more counts of a notification that is
    /// only a hint, and redaction is the greater part of the work.
    /// </summary>
    Subject,
}

/// <summary>What became of a body: a report, or the reason why it is none.</summary>
public readonly record struct Decoded
{
    private Decoded(JobReport? report, string? problem) => (Report, Problem) = (report, problem);

    /// <summary>The report; null if the body could not be understood.</summary>
    public JobReport? Report { get; }

    /// <summary>Why the body could not be understood, in words for the operator; never quotes the body at length.</summary>
    public string? Problem { get; }

    /// <summary>The body was understood.</summary>
    public static Decoded As(JobReport report) => new(report, null);

    /// <summary>The body was not understood.</summary>
    public static Decoded Not(string problem) => new(null, problem);
}

/// <summary>
/// One kind of provider: how its bodies are read, its notifications verified and its status API asked. Pure: no I/O, no state.
/// </summary>
public interface IProvider
{
    /// <summary>Which kind.</summary>
    ProviderKind Kind { get; }

    /// <summary>The poll settings of a source that gives none; they follow from how long the provider retries its notifications.</summary>
    PollSettings DefaultPoll { get; }

    /// <summary>The status endpoint of a source that gives none; null where the source has to give one.</summary>
    Uri? DefaultStatusEndpoint { get; }

    /// <summary>Reads a body. Never throws for what a body contains, and works in time and memory linear in its length.</summary>
    /// <param name="channel">The way the body came.</param>
    /// <param name="body">The body.</param>
    /// <param name="detail">How much of it is read. Which bodies are refused, and why, does not depend on it.</param>
    Decoded Decode(ReportChannel channel, ReadOnlyMemory<byte> body, ReportDetail detail = ReportDetail.Whole);

    /// <summary>Facts that an earlier version read and stored, as this version reads them. Secrets are taken out already.</summary>
    JobFacts Upgrade(JobFacts stored) => stored;

    /// <summary>Whether signatures cover a header, besides <c>Host</c> and <c>Content-Type</c>.</summary>
    bool SignsHeader(string name) => false;

    /// <summary>Checks a notification's signature, in constant time for a given length.</summary>
    Trust Verify(SignedRequest request, KeyRing keys);

    /// <summary>
    /// Finds out why a signature is wrong, by trying what a proxy or a wrong setting makes of a request. It says nothing about trust:
    /// a notification is never believed for a variant that is right.
    /// </summary>
    /// <param name="request">The notification that <see cref="Verify"/> found invalid.</param>
    /// <param name="source">The source whose keys count.</param>
    /// <param name="budget">What may be hashed.</param>
    /// <returns>Null if there is no signature of this provider, or no key.</returns>
    SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget);

    /// <summary>A notification as the provider sends it, signed so that its signature covers the body.</summary>
    /// <param name="url">The notify URL.</param>
    /// <param name="json">The task.</param>
    /// <param name="key">The access key to sign with, and its secret key; null for a notification that is not signed.</param>
    SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key);

    /// <summary>The status query that workflows have of their own; null if they have none.</summary>
    IWorkflowQuery? Workflows => null;

    /// <summary>How the provider's upload callbacks are read; null if it has none that are taken.</summary>
    IUploadCallbacks? UploadCallbacks => null;

    /// <summary>Where to ask for a job.</summary>
    Uri StatusUri(Uri statusEndpoint, string id);

    /// <summary>What a status API's answer means for the plan of further polls, by its HTTP status.</summary>
    /// <returns><see cref="PollAnswer.Report"/> where the body is to be decoded.</returns>
    PollAnswer Classify(int status);

    /// <summary>
    /// The HTTP status that a status API put into the body of an answer instead of its head; null if the body is no such error.
    /// Never throws for what a body contains.
    /// </summary>
    int? ErrorStatus(ReadOnlyMemory<byte> body) => null;

    /// <summary>
    /// Whether <see cref="PollAnswer.NotFound"/> in the head of an answer counts only where the body is the API's own error of the same
    /// meaning (<see cref="ErrorStatus"/>): needed where the status is one that any web server answers for a path that it does not
    /// know, such as 404, so that a wrong status endpoint does not make every id an unknown one.
    /// </summary>
    bool NotFoundIsToldByBody => false;
}

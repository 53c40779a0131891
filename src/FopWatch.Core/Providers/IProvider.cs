using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers.Signatures;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>How far a notification can be trusted.</summary>
public enum Trust
{
    /// <summary>The signature is wrong, or its key is not in the key ring, which has other keys.</summary>
    Invalid,

    /// <summary>There is no signature, or no key to verify one.</summary>
    None,

    /// <summary>The signature is right but does not cover the body.</summary>
    Weak,

    /// <summary>The signature is right and covers the body.</summary>
    Strong,
}

/// <summary>A notification as it arrived, with the URL that the provider called.</summary>
public sealed record SignedRequest
{
    /// <summary>The whole URL that the provider called: the configured public URL with the path and query of the request.</summary>
    public required Uri Url { get; init; }

    /// <summary>The <c>Authorization</c> header as received; null if there is none.</summary>
    public string? Authorization { get; init; }

    /// <summary>The <c>Content-Type</c> header as received; null if there is none.</summary>
    public string? ContentType { get; init; }

    /// <summary>The other headers that a signature covers (<see cref="ProviderKinds.SignsHeader"/>).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> SignedHeaders { get; init; } = [];

    /// <summary>
    /// The headers of <see cref="CallHeaderNames"/> as received. They are not used to verify signatures, only to diagnose wrong ones.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> CallHeaders { get; init; } = [];

    /// <summary>The body, byte for byte.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The headers that tell the URL of a request, including those that proxies add.</summary>
    public static IReadOnlyList<string> CallHeaderNames { get; } =
        ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-Host", "Forwarded"];

    /// <summary>The longest value in <see cref="CallHeaders"/> that is stored, in characters.</summary>
    public const int MaxCallHeaderLength = 512;

    internal string? CalledBy(string name) => CallHeaders
        .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(header => header.Value)
        .FirstOrDefault();
}

/// <summary>How much of a body is decoded.</summary>
public enum ReportDetail
{
    /// <summary>Everything that is stored, with secrets redacted.</summary>
    Whole,

    /// <summary>
    /// The job that it names: id, buckets, pipeline, and whether it is a workflow. A notification that is only a hint needs no more, and redaction is most
    /// of the work.
    /// </summary>
    Subject,
}

/// <summary>The result of decoding a body: a report, or the reason why there is none.</summary>
public readonly record struct Decoded
{
    private Decoded(JobReport? report, string? problem) => (Report, Problem) = (report, problem);

    /// <summary>The report; null if the body could not be understood.</summary>
    public JobReport? Report { get; }

    /// <summary>Why the body could not be understood, for the operator. It never quotes the body at length.</summary>
    public string? Problem { get; }

    /// <summary>Creates the result for a body that was understood.</summary>
    public static Decoded As(JobReport report) => new(report, null);

    /// <summary>Creates the result for a body that was not understood.</summary>
    public static Decoded Not(string problem) => new(null, problem);
}

/// <summary>
/// A kind of provider: it decodes bodies, verifies notifications and knows the status API. Pure: no I/O, no state.
/// </summary>
public interface IProvider
{
    /// <summary>The kind.</summary>
    ProviderKind Kind { get; }

    /// <summary>The default poll settings. They depend on how long the provider retries notifications.</summary>
    PollSettings DefaultPoll { get; }

    /// <summary>The default status endpoint; null if each source must configure one.</summary>
    Uri? DefaultStatusEndpoint { get; }

    /// <summary>Decodes a body. Never throws because of its content. Time and memory are linear in its length.</summary>
    /// <param name="channel">The channel of the body.</param>
    /// <param name="body">The body.</param>
    /// <param name="detail">How much of it is decoded. It does not influence which bodies are refused, and why.</param>
    Decoded Decode(ReportChannel channel, ReadOnlyMemory<byte> body, ReportDetail detail = ReportDetail.Whole);

    /// <summary>Converts facts that an earlier version decoded and stored to those of this version. Secrets are already redacted.</summary>
    JobFacts Upgrade(JobFacts stored) => stored;

    /// <summary>Whether signatures cover a header other than <c>Host</c> and <c>Content-Type</c>.</summary>
    bool SignsHeader(string name) => false;

    /// <summary>Verifies the signature of a notification, in constant time for a given length.</summary>
    Trust Verify(SignedRequest request, KeyRing keys);

    /// <summary>
    /// Diagnoses a wrong signature by trying variants of the request that a proxy or a wrong setting may cause. It does not change the trust: a
    /// notification is never trusted because a variant matches.
    /// </summary>
    /// <param name="request">The notification that <see cref="Verify"/> found invalid.</param>
    /// <param name="source">The source, with its keys.</param>
    /// <param name="budget">Limits the hashing.</param>
    /// <returns>The diagnosis; null if there is no signature of this provider, or no key.</returns>
    SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget);

    /// <summary>Creates a notification as the provider sends it, with a signature that covers the body.</summary>
    /// <param name="url">The notify URL.</param>
    /// <param name="json">The task.</param>
    /// <param name="key">The access key and the secret key to sign with; null for an unsigned notification.</param>
    SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key);

    /// <summary>The separate status query for workflows; null if there is none.</summary>
    IWorkflowQuery? Workflows => null;

    /// <summary>Decodes upload callbacks; null if they are not supported.</summary>
    IUploadCallbacks? UploadCallbacks => null;

    /// <summary>The URL of the status query for a job.</summary>
    Uri StatusUri(Uri statusEndpoint, string id);

    /// <summary>Classifies an answer of the status API by its HTTP status.</summary>
    /// <returns>The answer; <see cref="PollAnswer.Report"/> if the body must be decoded.</returns>
    PollAnswer Classify(int status);

    /// <summary>
    /// The error status in the body of an answer whose HTTP status is 200; null if the body is not such an error. Never throws because of the
    /// content.
    /// </summary>
    int? ErrorStatus(ReadOnlyMemory<byte> body) => null;

    /// <summary>
    /// Whether an HTTP status of <see cref="PollAnswer.NotFound"/> counts only if the body is the API's own error with the same meaning
    /// (<see cref="ErrorStatus"/>). This is needed for a status such as 404, which any web server answers for an unknown path: a wrong status
    /// endpoint must not make every id unknown.
    /// </summary>
    bool NotFoundIsToldByBody => false;
}

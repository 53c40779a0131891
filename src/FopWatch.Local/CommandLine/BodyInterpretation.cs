using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Local.CommandLine;

/// <summary>How one provider's decoder understands a body.</summary>
internal sealed record BodyInterpretation
{
    /// <summary>The placeholder for values that neither the body nor the command line gives.</summary>
    public const string Unnamed = "-";

    /// <summary>The provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>Why the body could not be understood; null if it was.</summary>
    public string? Problem { get; init; }

    /// <summary>The job as this body alone would create it; null if the body was not understood.</summary>
    public JobRecord? Job { get; init; }

    /// <summary>Whether the body says that the whole job has finished processing.</summary>
    public bool? Closes { get; init; }

    /// <summary>The outcome with which the body alone would settle the job; null if it would not.</summary>
    public JobState? Outcome { get; init; }

    /// <summary>Whether the body makes FopWatch poll the status API at once.</summary>
    public bool? AsksForPoll { get; init; }

    /// <summary>Why the host would answer 404 to the URL; null if it would not, or no URL was given.</summary>
    public string? UrlProblem { get; init; }

    /// <summary>
    /// Why the source's <c>Buckets</c> and <c>Pipelines</c> exclude the body; null if they do not, or no source was given.
    /// </summary>
    public string? OutOfScope { get; init; }

    /// <summary>How far the notification can be trusted; null if that was not checked.</summary>
    public Trust? Trust { get; init; }

    /// <summary>Why the signature is invalid; null if it is valid.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary><see cref="Signature"/> in words.</summary>
    public string? Why => Signature?.ToWords();

    /// <summary>How the host would handle the notification; null if the trust was not checked.</summary>
    public NotificationResult? Becomes { get; init; }

    /// <summary>What was decoded. It is equal where two providers decode the body alike.</summary>
    [JsonIgnore]
    public JobReport? Report { get; init; }

    /// <summary>Interprets a body.</summary>
    /// <param name="provider">The provider whose decoder is used.</param>
    /// <param name="channel">How the body arrived.</param>
    /// <param name="body">The body.</param>
    /// <param name="source">The source whose keys and trust setting apply; null to skip the check of trust.</param>
    /// <param name="request">The request that carried the body; null to skip the check of trust.</param>
    /// <param name="now">The time.</param>
    public static BodyInterpretation Of(
        IProvider provider,
        ReportChannel channel,
        ReadOnlyMemory<byte> body,
        Source? source,
        SignedRequest? request,
        DateTimeOffset now)
    {
        var decoded = provider.Decode(channel, body);
        var report = decoded.Report;
        var foreign = report is null ? null : source?.Scope.ObjectionTo(report, isVouchedFor: true);
        Trust? trust = source is not null && request is not null ? provider.Verify(request, source.Keys) : null;
        var reading = new BodyInterpretation
        {
            Provider = provider.Kind,
            Problem = decoded.Problem,
            Report = report,
            Trust = trust,
            Signature = trust == Providers.Trust.Invalid ? provider.Diagnose(request!, source!, new()) : null,
            UrlProblem = source is not null && request is not null ? ProblemOf(request.Url, source, "notify") : null,
            OutOfScope = foreign?.ToWords(source!.Name),
            Becomes = trust is { } known ? BecomesOf(known, source!, report is not null && foreign is null) : null,
        };
        if (report is null)
            return reading;

        var key = new JobKey(source?.Name ?? Unnamed, report.Id ?? Unnamed);
        var job = Jobs.Job.New(key, provider.Kind, JobOrigin.Report, Watch.Start(provider.DefaultPoll, now), now).Apply(report, now).Job;
        return reading with
        {
            Job = job.ToRecord(source?.Domains),
            Closes = report.Facts.Closed,
            Outcome = report.Facts.Outcome,
            AsksForPoll = report.AsksForPoll || (report.Facts.Closed && report.Facts.Outcome is null),
        };
    }

    /// <summary>Why the host would answer 404 to a URL; null if it would not.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="source">The source.</param>
    /// <param name="kind"><c>notify</c> or <c>uploads</c>.</param>
    public static string? ProblemOf(Uri url, Source source, string kind)
    {
        var (root, name) = ($"/api/{kind}/", kind == "notify" ? "a notify URL" : "the URL of an upload callback");
        var path = url.AbsolutePath;
        var start = path.IndexOf(root, StringComparison.OrdinalIgnoreCase);
        string[] segments = start < 0 ? [] : path[(start + root.Length)..].Split('/');
        if (segments is not [_, _, ..] || (kind != "notify" && segments.Length > 2))
            return $"this is not {name}: {name} ends in {root}SOURCE/TOKEN{(kind == "notify" ? $" or {root}SOURCE/TOKEN/CORRELATION" : "")}";
        if (Uri.UnescapeDataString(segments[0]) != source.Name)
            return $"this is not {name} of the source '{source.Name}'";
        return source.Tokens.Match(Uri.UnescapeDataString(segments[1])) ? null : $"this URL has no token of the source '{source.Name}'";
    }

    private static NotificationResult BecomesOf(Trust trust, Source source, bool isUsable)
    {
        if (trust == Providers.Trust.Invalid || !isUsable)
            return NotificationResult.Quarantined;
        return AssessedNotification.IsBelieved(source, trust) ? NotificationResult.Recorded : NotificationResult.Hinted;
    }
}

/// <summary>What <c>decode --json</c> prints.</summary>
/// <param name="Channel">How the body is assumed to have arrived.</param>
/// <param name="Size">The body's size in bytes.</param>
/// <param name="Readings">How each provider's decoder understands it; absent for an upload callback.</param>
/// <param name="Upload">How it is understood as an upload callback; absent for other bodies.</param>
internal sealed record DecodedBody(BodyChannel Channel, int Size, IReadOnlyList<BodyInterpretation>? Readings, UploadInterpretation? Upload = null);

/// <summary>How a body arrived.</summary>
internal enum BodyChannel
{
    /// <summary>The provider sent it to the notify URL.</summary>
    Notification,

    /// <summary>The status API answered it.</summary>
    Poll,

    /// <summary>The provider sent it when a file was uploaded.</summary>
    Upload,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    Converters =
    [
        typeof(UtcTimeConverter),
        typeof(CamelCaseEnumConverter<ReportChannel>),
        typeof(CamelCaseEnumConverter<BodyChannel>),
        typeof(CamelCaseEnumConverter<UploadResult>),
        typeof(CamelCaseEnumConverter<Trust>),
        typeof(CamelCaseEnumConverter<NotificationResult>),
        typeof(CamelCaseEnumConverter<SignatureFinding>),
    ])]
[JsonSerializable(typeof(DecodedBody))]
internal sealed partial class DecodeJson : JsonSerializerContext;

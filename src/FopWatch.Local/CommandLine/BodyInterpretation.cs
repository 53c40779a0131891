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
    /// <summary>Stands for what the body or the command line does not name.</summary>
    public const string Unnamed = "-";

    /// <summary>The provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>Why the body could not be understood; null if it was.</summary>
    public string? Problem { get; init; }

    /// <summary>The job as it would be if this were the first that is heard of it; null if the body was not understood.</summary>
    public JobRecord? Job { get; init; }

    /// <summary>Whether the body says that the processing of the whole job is over.</summary>
    public bool? Closes { get; init; }

    /// <summary>The outcome that the body by itself settles the job with; null if it does not.</summary>
    public JobState? Outcome { get; init; }

    /// <summary>Whether the body is reason enough to ask the status API now.</summary>
    public bool? AsksForPoll { get; init; }

    /// <summary>Why the host would answer the URL 404; null if it would not, or no URL was given.</summary>
    public string? UrlProblem { get; init; }

    /// <summary>Why the body is not about the source, by its <c>Buckets</c> and <c>Pipelines</c>; null if it is, or no source was given.</summary>
    public string? OutOfScope { get; init; }

    /// <summary>How far the notification can be believed; null if that was not asked.</summary>
    public Trust? Trust { get; init; }

    /// <summary>Why the signature is wrong; null if it is not.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary>The same in words.</summary>
    public string? Why => Signature?.ToWords();

    /// <summary>What would become of the notification; null if the trust was not asked for.</summary>
    public NotificationResult? Becomes { get; init; }

    /// <summary>What was read; equal where two providers understand the body alike.</summary>
    [JsonIgnore]
    public JobReport? Report { get; init; }

    /// <summary>Reads a body.</summary>
    /// <param name="provider">Whose decoder.</param>
    /// <param name="channel">The way that the body came.</param>
    /// <param name="body">The body.</param>
    /// <param name="source">The source whose keys and rule count; null to leave the trust open.</param>
    /// <param name="request">The notification that the body is of; null to leave the trust open.</param>
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
            UrlProblem = source is not null && request is not null ? ProblemOf(request.Url, source) : null,
            OutOfScope = foreign?.ToWords(source!.Name),
            Becomes = trust is { } known ? BecomesOf(known, source!.Trust, report is not null && foreign is null) : null,
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

    private static string? ProblemOf(Uri url, Source source)
    {
        const string Root = "/api/notify/";
        var path = url.AbsolutePath;
        var start = path.IndexOf(Root, StringComparison.OrdinalIgnoreCase);
        string[] segments = start < 0 ? [] : path[(start + Root.Length)..].Split('/');
        if (segments is not [_, _, ..])
            return "this is not a notify URL, which ends in /api/notify/SOURCE/TOKEN or /api/notify/SOURCE/TOKEN/CORRELATION";
        if (Uri.UnescapeDataString(segments[0]) != source.Name)
            return $"this is not a notify URL of the source '{source.Name}'";
        return source.Tokens.Match(Uri.UnescapeDataString(segments[1])) ? null : $"this URL has no token of the source '{source.Name}'";
    }

    private static NotificationResult BecomesOf(Trust trust, TrustRule rule, bool isUsable)
    {
        if (trust == Providers.Trust.Invalid || !isUsable)
            return NotificationResult.Quarantined;
        return trust == Providers.Trust.Strong || rule == TrustRule.Token ? NotificationResult.Recorded : NotificationResult.Hinted;
    }
}

/// <summary>What <c>decode --json</c> prints.</summary>
/// <param name="Channel">The way that the body was taken to have come.</param>
/// <param name="Size">The body's size in bytes.</param>
/// <param name="Readings">How each provider understands it.</param>
internal sealed record DecodedBody(ReportChannel Channel, int Size, IReadOnlyList<BodyInterpretation> Readings);

/// <summary>The serializer context of <c>decode</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    Converters =
    [
        typeof(UtcTimeConverter),
        typeof(CamelCaseEnumConverter<ReportChannel>),
        typeof(CamelCaseEnumConverter<Trust>),
        typeof(CamelCaseEnumConverter<NotificationResult>),
        typeof(CamelCaseEnumConverter<SignatureFinding>),
    ])]
[JsonSerializable(typeof(DecodedBody))]
internal sealed partial class DecodeJson : JsonSerializerContext;

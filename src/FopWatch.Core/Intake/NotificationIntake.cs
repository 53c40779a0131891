using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using FopWatch.Wording;

namespace FopWatch.Intake;

/// <summary>
/// Receives notifications. When a method returns, the effect of the notification is durable. When a method throws, the notification must not be
/// acknowledged.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="recorder">Records reports and hints.</param>
/// <param name="quarantine">Stores notifications that cannot be understood or verified.</param>
/// <param name="limits">The limits of the process.</param>
/// <param name="settings">Provides the public URL against which quarantined notifications are verified again.</param>
/// <param name="troubles">Receives wrong tokens, wrong signatures and quarantined notifications.</param>
/// <param name="metrics">Counts notifications.</param>
/// <param name="time">The clock.</param>
public sealed class NotificationIntake(
    Sources sources,
    JobRecorder recorder,
    IQuarantine quarantine,
    IntakeLimits limits,
    FopWatchSettings settings,
    Troubles troubles,
    FopWatchMetrics metrics,
    TimeProvider time)
{
    private const string NamesNoJob = "It names no job.";

    internal const string UnreadableJob = "The stored job that it names cannot be read.";

    internal const string WrongSignature = "The signature is wrong, or its access key is not among the source's keys.";

    private const string WorkflowWithoutKeys =
        "It is an unsigned notification of a V3 workflow, whose status can be queried only with a key: add a key pair of the account to the source's Keys.";

    private const string WorkflowWithoutEndpoint =
        "It is an unsigned notification of a V3 workflow, and the source has no API to query its status: set the source's WorkflowEndpoint.";

    private readonly IntakeEntrance _entrance = new(quarantine, limits, metrics, time);

    /// <summary>Receives upload callbacks.</summary>
    public UploadIntake Uploads { get; } = new(recorder, new(quarantine, limits, metrics, time), limits, troubles, metrics);

    /// <summary>The longest correlation, in characters. A longer one, or one with characters other than <c>A-Z a-z 0-9 _ -</c>, is ignored.</summary>
    public const int MaxCorrelationLength = 64;

    /// <summary>The source of a notify URL; null if the source is unknown or the token is wrong. The check takes the same time in each case.</summary>
    public Source? Admit(string? sourceName, string? token)
    {
        var source = sources.Find(sourceName);
        var matches = (source?.Tokens ?? NotifyTokens.Unmatchable).Match(token);
        if (source is null)
        {
            UnknownUrl($"The source is not configured");
            return null;
        }

        if (matches)
            troubles.Worked(source.Name, TroubleKind.WrongToken);
        else
            troubles.Occurred(source.Name, TroubleKind.WrongToken);
        return matches ? source : null;
    }

    /// <summary>Counts a notification to a URL that is not a notify URL.</summary>
    /// <param name="detail">What is wrong with the URL, without its path, which may contain a token.</param>
    public void UnknownUrl(Sentence detail) => troubles.Occurred(null, TroubleKind.UnknownNotifyUrl, detail);

    /// <summary>Counts a notification to a valid URL that is too large to be read. Nothing of it was stored.</summary>
    /// <param name="source">The source that <see cref="Admit"/> returned.</param>
    public void TooLarge(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        metrics.TurnedAway(source, "too large");
    }

    /// <summary>Verifies and decodes a notification without storing anything. For a large notification this is most of the work.</summary>
    /// <param name="source">The source that <see cref="Admit"/> returned.</param>
    /// <param name="request">The notification.</param>
    public static AssessedNotification Assess(Source source, SignedRequest request)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(request);
        var trust = source.Provider.Verify(request, source.Keys);
        if (trust == Trust.Invalid)
            return new(source, request, trust, null, WrongSignature);

        // Nothing else in a hint matters, and quarantine stores the whole body.
        var detail = AssessedNotification.IsBelieved(source, trust) ? ReportDetail.Whole : ReportDetail.Subject;
        var decoded = source.Provider.Decode(ReportChannel.Notification, request.Body, detail);
        return decoded.Report is { } report && source.Scope.ObjectionTo(report, isVouchedFor: true) is { } foreign
            ? new(source, request, trust, report, foreign.ToWords(source.Name)) { Foreign = foreign }
            : new(source, request, trust, decoded.Report, decoded.Problem);
    }

    /// <summary>Records a verified and decoded notification.</summary>
    /// <param name="assessed">The result of <see cref="Assess"/>.</param>
    /// <param name="correlation">The correlation at the end of the path; null if there is none.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="isRetry">Whether it comes from quarantine. Then it was counted on arrival and is not quarantined again.</param>
    /// <returns>The result, and the reason for quarantine; null if it does not belong there.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was stored; the provider should retry.</exception>
    /// <exception cref="IntakeFullException">Nothing was stored, because a limit was reached; the provider should retry.</exception>
    public async Task<(NotificationResult Result, string? Problem)> ReceiveAsync(
        AssessedNotification assessed, string? correlation, CancellationToken cancellationToken, bool isRetry = false)
    {
        ArgumentNullException.ThrowIfNull(assessed);
        if (assessed is { Problem: null, Report: not { Id: not null } })
            assessed = assessed with { Problem = NamesNoJob };
        var (source, request) = (assessed.Source, assessed.Request);
        using var activity = isRetry ? null : Telemetry.Activities.StartActivity("notification");
        activity?.SetTag("fopwatch.source", source.Name);

        var (result, problem) = (NotificationResult.Quarantined, assessed.Problem);
        try
        {
            if (assessed is { Problem: null, Report: { Id: { } id } report })
            {
                var isBelieved = AssessedNotification.IsBelieved(source, assessed.Trust);
                DecisionInput input = isBelieved
                    ? new DecisionInput.Report(report, ValidCorrelation(correlation)) { Trust = assessed.Trust }
                    : new DecisionInput.Hint(report.IsWorkflow) { Trust = assessed.Trust };
                try
                {
                    var recorded = await recorder.RecordAsync(
                        new(source.Name, id), input, cancellationToken, by: source, admits: isBelieved ? null : cancelled => limits.UnknownIds.AdmitsAsync(source, cancelled));
                    if (recorded is { Job: null, WasPurged: false })
                        throw _entrance.TurnedAway(source, "unknown id", "the polls of the source are behind, and an untrusted notification names an unknown id");

                    // No API can confirm it, so it must be kept until somebody adds a key.
                    if (!isBelieved && report.IsWorkflow && !source.CanAskForWorkflows && recorded.Job is { Origin: JobOrigin.Hint })
                        problem = source.Keys.IsEmpty ? WorkflowWithoutKeys : WorkflowWithoutEndpoint;
                    else
                        result = recorded.WasPurged ? NotificationResult.Purged : isBelieved ? NotificationResult.Recorded : NotificationResult.Hinted;
                }
                catch (UnreadableJobException unreadable)
                {
                    // It must be kept until the job can be read again.
                    troubles.Occurred(source.Name, TroubleKind.UnreadableJobs, Sentence.VerbatimOrNull(unreadable.Job?.Problem));
                    problem = UnreadableJob;
                }
            }

            if (isRetry)
                return (result, problem);
            if (problem is not null)
                await _entrance.QuarantineAsync(source, request, correlation, problem, cancellationToken);
        }
        catch (Exception e) when (!isRetry && e is not (OperationCanceledException or IntakeFullException))
        {
            metrics.NotificationFailed(source);
            throw;
        }

        activity?.SetTag("fopwatch.trust", assessed.Trust.ToString());
        activity?.SetTag("fopwatch.result", result.ToString());
        metrics.Notified(source, assessed.Trust, result);
        Diagnose(source, assessed);
        return (result, problem);
    }

    /// <summary>Retries a quarantined notification with the current keys and decoders.</summary>
    /// <param name="key">The key of the quarantined notification.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="budget">Limits the hashing that diagnoses a wrong signature; several notifications may share it. Null for a separate budget.</param>
    /// <returns>The result; null if there is no notification with that key. The notification leaves the quarantine unless the result is quarantined.</returns>
    /// <exception cref="StoreUnavailableException">Nothing changed, or it was recorded and is still in quarantine. Retrying is safe.</exception>
    /// <exception cref="IntakeFullException">Nothing changed, because a limit was reached.</exception>
    public async Task<RetriedNotification?> RetryAsync(string key, CancellationToken cancellationToken, HashBudget? budget = null)
    {
        var kept = await quarantine.FindAsync(key, cancellationToken);
        if (kept is null)
            return null;
        if (sources.Find(kept.Source) is not { } source)
            return new(key, NotificationResult.Quarantined, $"The source '{kept.Source}' is not configured.", null);

        var request = Current(source, kept);
        if (source.Provider.Verify(request, source.Keys) == Trust.Invalid)
        {
            var diagnosis = source.Provider.Diagnose(request, source, budget ?? new());
            return new(key, NotificationResult.Quarantined, InWords(kept, diagnosis?.Reason ?? Sentence.Verbatim(WrongSignature)), diagnosis);
        }

        var (result, problem) = NotifyUrl.IsForUploads(kept.Url)
            ? await Uploads.RetryAsync(source, request, cancellationToken)
            : await TakeAgainAsync(source, request, kept.Correlation, cancellationToken);
        if (problem is not null)
            return new(key, result, InWords(kept, Sentence.Verbatim(problem)), null);

        await quarantine.RemoveAsync(key, cancellationToken);
        return new(key, result, null, null);
    }

    private Task<(NotificationResult Result, string? Problem)> TakeAgainAsync(
        Source source, SignedRequest request, string? correlation, CancellationToken cancellationToken)
    {
        var assessed = Assess(source, request);
        return assessed.Problem is { } problem
            ? Task.FromResult((NotificationResult.Quarantined, (string?)problem))
            : ReceiveAsync(assessed, correlation, cancellationToken, isRetry: true);
    }

    /// <summary>Explains why a notification is in quarantine, given the current settings.</summary>
    /// <param name="kept">The notification.</param>
    /// <param name="budget">Limits the hashing that diagnoses a wrong signature; several notifications may share it.</param>
    public QuarantineReason Explain(QuarantinedNotification kept, HashBudget budget)
    {
        ArgumentNullException.ThrowIfNull(kept);
        var reason = InWords(kept, Sentence.Verbatim(kept.Reason));
        if (sources.Find(kept.Source) is not { } source)
            return new(reason, null);

        var request = Current(source, kept);
        var trust = source.Provider.Verify(request, source.Keys);
        var diagnosis = trust == Trust.Invalid ? source.Provider.Diagnose(request, source, budget)
            : trust != Trust.None && kept.Reason == WrongSignature ? SignatureDiagnosis.RightNow(request, source)
            : null;
        return new(diagnosis is null ? reason : InWords(kept, diagnosis.Reason), diagnosis);
    }

    private static Sentence InWords(QuarantinedNotification kept, Sentence reason) => NotifyUrl.IsForUploads(kept.Url) ? UploadIntake.InWords(reason) : reason;

    /// <summary>
    /// A quarantined notification with the URL to verify it against. If its signature is wrong for the URL used on arrival, this is the URL that the current
    /// settings give.
    /// </summary>
    private SignedRequest Current(Source source, QuarantinedNotification kept)
    {
        var request = kept.ToRequest();
        if (source.Provider.Verify(request, source.Keys) != Trust.Invalid)
            return request;

        var origin = settings.PublicOrigin
            ?? (request.CalledBy("Host") is { } host ? $"{kept.Url.Scheme}://{host}" : kept.Url.GetLeftPart(UriPartial.Authority));
        return Uri.TryCreate(origin.TrimEnd('/') + NotifyUrl.OwnPath(NotifyUrl.TargetOf(kept.Url)), UriKind.Absolute, out var url)
            ? request with { Url = url }
            : request;
    }

    private void Diagnose(Source source, AssessedNotification assessed)
    {
        if (assessed.Trust == Trust.Invalid)
        {
            troubles.Occurred(source.Name, TroubleKind.WrongSignature);
            return;
        }

        if (assessed.Trust == Trust.Strong)
            troubles.Worked(source.Name, TroubleKind.WrongSignature);
        if (assessed.Foreign is { } foreign)
            troubles.Occurred(source.Name, TroubleKind.OutOfScope, foreign.InGeneral);
        else if (assessed.Problem is { } problem)
            troubles.Occurred(source.Name, TroubleKind.UnreadableNotifications, Sentence.Verbatim(problem));
        else
            troubles.Worked(source.Name, TroubleKind.UnreadableNotifications, TroubleKind.OutOfScope);
    }

    private static string? ValidCorrelation(string? correlation) =>
        correlation is { Length: > 0 and <= MaxCorrelationLength }
        && correlation.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? correlation
            : null;
}

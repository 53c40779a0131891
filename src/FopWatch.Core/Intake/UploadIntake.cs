using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Intake;

/// <summary>
/// Receives upload callbacks, which are the first sign of a job. When a method returns, the effect of the callback is durable. When a method throws, the
/// callback must not be answered 200.
/// </summary>
/// <remarks>
/// A trusted callback registers its job. A less trusted one is a hint: a poll finds out whether the job exists. If a source requires only a token, callbacks
/// may register as many unknown ids as hints may name.
/// </remarks>
public sealed class UploadIntake
{
    private readonly JobRecorder _recorder;
    private readonly IntakeEntrance _entrance;
    private readonly IntakeLimits _limits;
    private readonly Troubles _troubles;
    private readonly FopWatchMetrics _metrics;

    internal UploadIntake(JobRecorder recorder, IntakeEntrance entrance, IntakeLimits limits, Troubles troubles, FopWatchMetrics metrics) =>
        (_recorder, _entrance, _limits, _troubles, _metrics) = (recorder, entrance, limits, troubles, metrics);

    /// <summary>Verifies and decodes a callback without storing anything.</summary>
    /// <param name="source">The source that <see cref="NotificationIntake.Admit"/> returned.</param>
    /// <param name="callbacks">Decodes the callbacks of the provider.</param>
    /// <param name="request">The callback.</param>
    public static AssessedUpload Assess(Source source, IUploadCallbacks callbacks, SignedRequest request)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(callbacks);
        ArgumentNullException.ThrowIfNull(request);
        var trust = source.Provider.Verify(request, source.Keys);
        var upload = callbacks.Decode(request.Body, source.UploadIdField);
        var assessed = new AssessedUpload(source, request, trust, upload, upload.Problem);

        // A callback that names no job is useless, so it does not go to quarantine.
        if (upload is { Id: null, Problem: null })
            return assessed;
        if (trust == Trust.Invalid)
            return assessed with { Problem = NotificationIntake.WrongSignature };
        return upload.Id is { } id && source.Scope.ObjectionTo(ReportOf(id, upload.Bucket), isVouchedFor: true) is { } foreign
            ? assessed with { Problem = foreign.ToWords(source.Name), Foreign = foreign }
            : assessed;
    }

    /// <summary>Records a verified and decoded callback.</summary>
    /// <param name="assessed">The result of <see cref="Assess"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">Nothing was stored.</exception>
    /// <exception cref="IntakeFullException">Nothing was stored, because a limit was reached.</exception>
    public async Task<UploadResult> ReceiveAsync(AssessedUpload assessed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(assessed);
        using var activity = Telemetry.Activities.StartActivity("upload callback");
        activity?.SetTag("fopwatch.source", assessed.Source.Name);
        UploadResult result;
        try
        {
            (result, var problem) = assessed.Problem is null ? await TakeAsync(assessed, cancellationToken) : (UploadResult.Quarantined, assessed.Problem);
            if (problem is not null)
                await _entrance.QuarantineAsync(assessed.Source, assessed.Request, null, problem, cancellationToken, isUpload: true);
        }
        catch (Exception e) when (e is not (OperationCanceledException or IntakeFullException))
        {
            _metrics.Uploaded(assessed.Source, assessed.Trust, UploadResult.Failed);
            throw;
        }

        activity?.SetTag("fopwatch.trust", assessed.Trust.ToString());
        activity?.SetTag("fopwatch.result", result.ToString());
        _metrics.Uploaded(assessed.Source, assessed.Trust, result);
        Diagnose(assessed);
        return result;
    }

    /// <summary>Retries a quarantined callback whose signature is not wrong.</summary>
    /// <returns>The result, and why it must stay in quarantine; null if it need not.</returns>
    internal async Task<(NotificationResult Result, string? Problem)> RetryAsync(Source source, SignedRequest request, CancellationToken cancellationToken)
    {
        if (source.Provider.UploadCallbacks is not { } callbacks)
            return (NotificationResult.Quarantined, $"The provider of the source '{source.Name}' has no upload callbacks.");
        var assessed = Assess(source, callbacks, request);
        if (assessed.Problem is { } problem)
            return (NotificationResult.Quarantined, problem);

        var (result, left) = await TakeAsync(assessed, cancellationToken);
        var became = result switch
        {
            UploadResult.Quarantined => NotificationResult.Quarantined,
            UploadResult.Hinted => NotificationResult.Hinted,
            UploadResult.Purged => NotificationResult.Purged,
            _ => NotificationResult.Recorded,
        };
        return (became, left);
    }

    /// <summary>A problem of an upload callback, where it stands among those of notifications.</summary>
    internal static Sentence InWords(Sentence problem) => $"An upload callback: {problem}";

    private static JobReport ReportOf(string id, string? bucket) =>
        new() { Id = id, Channel = ReportChannel.Notification, Facts = JobFacts.None with { Bucket = bucket } };

    private async Task<(UploadResult Result, string? Problem)> TakeAsync(AssessedUpload assessed, CancellationToken cancellationToken)
    {
        if (assessed.Upload.Id is not { } id)
            return (UploadResult.NothingAsked, null);

        var (source, key) = (assessed.Source, new JobKey(assessed.Source.Name, id));
        var isBelieved = AssessedNotification.IsBelieved(source, assessed.Trust);
        try
        {
            var recorded = isBelieved
                ? await RegisterAsync(assessed, key, cancellationToken)
                : await RecordAsync(assessed, key, new DecisionInput.Hint(IsWorkflow: false) { Trust = assessed.Trust }, cancellationToken);
            if (recorded is { Job: null, WasPurged: false })
                throw _entrance.TurnedAway(source, "unknown id", "the polls of the source are behind, and an untrusted upload callback names an unknown id");
            return (recorded.WasPurged ? UploadResult.Purged : isBelieved ? UploadResult.Registered : UploadResult.Hinted, null);
        }
        catch (UnreadableJobException unreadable)
        {
            // It must be kept until the job can be read again.
            _troubles.Occurred(source.Name, TroubleKind.UnreadableJobs, Sentence.VerbatimOrNull(unreadable.Job?.Problem));
            return (UploadResult.Quarantined, NotificationIntake.UnreadableJob);
        }
    }

    /// <summary>Registers the job with as much metadata as is allowed.</summary>
    private async Task<RecordedJob> RegisterAsync(AssessedUpload assessed, JobKey key, CancellationToken cancellationToken)
    {
        // An id that only a token vouches for may be made up. An immediate poll exposes it, and until then it counts as a due poll.
        TimeSpan? firstPoll = assessed.Trust == Trust.Strong ? null : TimeSpan.Zero;
        if (assessed.Upload.Variables is null)
            _troubles.Occurred(key.Source, TroubleKind.UploadMetadataTooLarge);
        foreach (var metadata in assessed.Upload.MetadataChoices())
        {
            try
            {
                return await RecordAsync(assessed, key, new DecisionInput.Registration(metadata, firstPoll) { IsUploadCallback = true }, cancellationToken);
            }
            catch (MetadataTooLargeException)
            {
                _troubles.Occurred(key.Source, TroubleKind.UploadMetadataTooLarge);
            }
        }

        throw new InvalidOperationException("A job cannot be registered even without metadata.");
    }

    private Task<RecordedJob> RecordAsync(AssessedUpload assessed, JobKey key, DecisionInput input, CancellationToken cancellationToken) => _recorder.RecordAsync(
        key,
        input,
        cancellationToken,
        by: assessed.Source,
        admits: assessed.Trust == Trust.Strong ? null : cancelled => _limits.UnknownIds.AdmitsAsync(assessed.Source, cancelled));

    private void Diagnose(AssessedUpload assessed)
    {
        var source = assessed.Source.Name;
        if (assessed.Trust == Trust.Invalid)
        {
            _troubles.Occurred(source, TroubleKind.WrongSignature);
            return;
        }

        if (assessed.Trust == Trust.Strong)
            _troubles.Worked(source, TroubleKind.WrongSignature);
        if (assessed.Foreign is { } foreign)
            _troubles.Occurred(source, TroubleKind.OutOfScope, foreign.InGeneral);
        else if (assessed.Problem is { } problem)
            _troubles.Occurred(source, TroubleKind.UnreadableUploads, Sentence.Verbatim(problem));
        else
            _troubles.Worked(source, TroubleKind.UnreadableUploads);
    }
}

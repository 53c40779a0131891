using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.PortContracts;

public static class RecorderCalls
{
    public static async Task<Job> RegisterAsync(
        this JobRecorder recorder,
        Source source,
        string id,
        IReadOnlyDictionary<string, string> metadata,
        TimeSpan? firstPollAfter,
        CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(new(source.Name, id), new DecisionInput.Registration(metadata, firstPollAfter), cancellationToken)).Job!;

    public static async Task<Job?> ReportAsync(
        this JobRecorder recorder, Source source, string id, JobReport report, string? correlation, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(new(source.Name, id), new DecisionInput.Report(report, correlation), cancellationToken)).Job;

    public static async Task<Job?> HintAsync(this JobRecorder recorder, Source source, string id, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(new(source.Name, id), new DecisionInput.Hint(IsWorkflow: false), cancellationToken)).Job;

    /// <summary>Hints at a job, if its id is known or admitted.</summary>
    public static async Task<Job?> HintAsync(
        this JobRecorder recorder, Source source, string id, Func<CancellationToken, ValueTask<bool>> admits, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(new(source.Name, id), new DecisionInput.Hint(IsWorkflow: false), cancellationToken, admits: admits)).Job;

    /// <summary>Records an answer of the status API, without jitter in the next wait.</summary>
    public static async Task<Job?> PolledAsync(
        this JobRecorder recorder, StoredJob asked, StatusAnswer answer, CommitCause cause, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(
            asked.Job.Key, new DecisionInput.Polled(asked.Job.Watch, answer, 0.5), cancellationToken, cause, known: asked)).Job;

    public static async Task<Job?> StopAsync(this JobRecorder recorder, JobKey key, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(key, new DecisionInput.StopWatching(), cancellationToken)).Job;

    public static async Task<Job?> RestoreWatchAsync(this JobRecorder recorder, JobKey key, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(key, new DecisionInput.RestoreWatch(), cancellationToken)).Job;

    public static async Task<Job?> RepublishAsync(this JobRecorder recorder, JobKey key, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(key, new DecisionInput.Republish(), cancellationToken)).Job;

    public static async Task<Job?> ReindexAsync(this JobRecorder recorder, JobKey key, CancellationToken cancellationToken) =>
        (await recorder.RecordAsync(key, new DecisionInput.Reindex(), cancellationToken)).Job;

    /// <summary>Verifies, decodes and takes a notification.</summary>
    public static async Task<NotificationResult> ReceiveAsync(
        this NotificationIntake intake, Source source, SignedRequest request, string? correlation, CancellationToken cancellationToken) =>
        (await intake.ReceiveAsync(NotificationIntake.Assess(source, request), correlation, cancellationToken)).Result;
}

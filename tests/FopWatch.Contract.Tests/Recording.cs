using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Contract.Tests;

/// <summary>The recorder over a store, with a source and nobody who listens.</summary>
internal sealed class Recording : IWatcher, IOutboxSignal
{
    public Recording(IJobStore store, TimeProvider time)
    {
        Sources = FopWatchSettings.Read(new Dictionary<string, string?>
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:NotifyTokens:0"] = "right-token",
        }).Sources;
        Source = Sources.Find("media")!;
        Recorder = new(Sources, store, this, this, new(store, time), time, new(1));
    }

    public Sources Sources { get; }

    public Source Source { get; }

    public JobRecorder Recorder { get; }

    public ValueTask EnsureWatchedAsync(Job job, CancellationToken cancellationToken) => default;

    public ValueTask NudgeAsync(Job job, CancellationToken cancellationToken) => default;

    public ValueTask StopAsync(Job job, DateTimeOffset dueBefore, CancellationToken cancellationToken) => default;

    public ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken) => default;
}

using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.PortContracts;

/// <summary>The recorder over a store, with one source and no listener.</summary>
internal sealed class ObservedRecorder : ICommitObserver
{
    public ObservedRecorder(IJobStore store, TimeProvider time)
    {
        Sources = FopWatchSettings.Read(new Dictionary<string, string?>
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:NotifyTokens:0"] = "right-token",
        }).Sources;
        Source = Sources.Find("media")!;
        Recorder = new(Sources, store, this, time, new(1));
    }

    public Sources Sources { get; }

    public Source Source { get; }

    public JobRecorder Recorder { get; }

    public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
}

using FopWatch.Contracts;

namespace FopWatch.PortContracts.Http;

/// <summary>The base of the suites of all hosts.</summary>
public abstract class HostContract
{
    /// <summary>A notification that settles the job <c>z0.a</c>.</summary>
    protected const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A host with an empty store, started with <see cref="ServedHost.Settings"/>.</summary>
    protected abstract Task<ServedHost> StartAsync();

    /// <summary>How a job ended, and by which report.</summary>
    protected static (JobState State, SettledBy? By) Outcome(JobRecord job) => (job.State, job.SettledBy);
}

using FopWatch.Contracts;

namespace FopWatch.PortContracts.Http;

/// <summary>What the suites of all hosts have in common.</summary>
public abstract class HostContract
{
    /// <summary>A notification that settles the job <c>z0.a</c>.</summary>
    protected const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    /// <summary>Cancelled when the test run is.</summary>
    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A host with an empty store, started with <see cref="ServedHost.Settings"/>.</summary>
    protected abstract Task<ServedHost> StartAsync();

    /// <summary>How a job ended, and what said so.</summary>
    protected static (JobState State, SettledBy? By) Outcome(JobRecord job) => (job.State, job.SettledBy);
}

namespace FopWatch.Contract.Tests.Http;

/// <summary>What the suites of all hosts have in common.</summary>
public abstract class HostContract
{
    /// <summary>Cancelled when the test run is.</summary>
    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A host with an empty store, started with <see cref="ServedHost.Settings"/>.</summary>
    protected abstract Task<ServedHost> StartAsync();
}

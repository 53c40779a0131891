using FopWatch.Jobs;

namespace FopWatch.PortContracts;

/// <summary>The base of the suites of all stores: every test has its own empty store.</summary>
/// <typeparam name="TPort">The port.</typeparam>
public abstract class StoreContract<TPort> : IAsyncLifetime
    where TPort : class
{
    private TPort? _port;

    protected TPort Port => _port ?? throw new InvalidOperationException("The store is not open.");

    /// <summary>The job store on the same storage; the same object as <see cref="Port"/> if that is a job store.</summary>
    protected abstract IJobStore Jobs { get; }

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store.</summary>
    protected abstract ValueTask<TPort> OpenAsync();

    /// <summary>Closes the store and removes its data.</summary>
    protected abstract ValueTask CloseAsync();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _port = await OpenAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Commits and requires success.</summary>
    /// <returns>The ETag.</returns>
    protected async Task<string> CommitAsync(JobCommit commit)
    {
        var etag = await Jobs.CommitAsync(commit, Cancelled);
        Assert.NotNull(etag);
        return etag;
    }

    /// <summary>Asserts that two jobs are equal by value, metadata included.</summary>
    protected static void AssertSame(Job expected, Job? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Metadata, actual.Metadata);
        Assert.Equal(expected, actual with { Metadata = expected.Metadata });
    }

    /// <summary>All pages of a list, each requested with the continuation of the previous one.</summary>
    protected static async Task<List<IReadOnlyList<T>>> PagesAsync<T>(Func<string?, ValueTask<Page<T>>> next)
    {
        var pages = new List<IReadOnlyList<T>>();
        string? continuation = null;
        do
        {
            var page = await next(continuation);
            pages.Add(page.Elements);
            Assert.True(pages.Count < 100, "The list does not end.");
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return pages;
    }
}

using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>
/// The highest handled version of each job. Events are delivered at least once, and can arrive out of order. The version tells which of two
/// events is newer.
/// </summary>
/// <remarks>
/// This example keeps versions in memory, so a restarted process handles repeated events again. A real subscriber stores the version with its
/// effect, and changes both in one transaction, for example
/// <c>UPDATE lessons SET state = @state, version = @version WHERE job = @job AND version &lt; @version</c>. If no row changed, the event was
/// old. This also makes a crash between the effect and the completion of the message harmless, and allows several instances.
/// </remarks>
internal sealed class KnownVersions
{
    // Two events of one job must not be handled concurrently: the older one could take effect last.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];
    private readonly Dictionary<(string Source, string Subject), long> _versions = [];

    /// <summary>Handles an event unless it is old. A version whose handler throws is not recorded.</summary>
    /// <returns>Whether it was handled.</returns>
    public async Task<bool> HandleIfNewerAsync(JobEvent one, Func<JobEvent, CancellationToken, Task> handle, CancellationToken cancellationToken)
    {
        var job = (one.Source, one.Subject);
        var gate = _gates[(uint)job.GetHashCode() % _gates.Length];
        await gate.WaitAsync(cancellationToken);
        try
        {
            lock (_versions)
            {
                if (_versions.TryGetValue(job, out var known) && known >= one.Data.Version)
                    return false;
            }

            await handle(one, cancellationToken);
            lock (_versions)
                _versions[job] = one.Data.Version;
            return true;
        }
        finally
        {
            gate.Release();
        }
    }
}

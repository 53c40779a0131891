using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>
/// The latest handled version of each job. Events are delivered at least once, and can arrive out of order. Of two events of a job, the one with the later
/// registration is newer, then the one with the higher version: the versions of a job that is registered again after its deletion begin at 1.
/// </summary>
/// <remarks>
/// This example keeps versions in memory, so a restarted process handles repeated events again. A real subscriber stores the version with its
/// effect, and changes both in one transaction, for example
/// <c>UPDATE lessons SET state = @state, registered = @registered, version = @version WHERE job = @job AND (registered, version) &lt; (@registered, @version)</c>. If no row changed, the event was
/// old. This also makes a crash between the effect and the completion of the message harmless, and allows several instances.
/// </remarks>
internal sealed class KnownVersions
{
    // Two events of one job must not be handled concurrently: the older one could take effect last.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];
    private readonly Dictionary<(string Source, string Subject), (DateTimeOffset Registered, long Version)> _versions = [];

    /// <summary>Handles an event unless it is old. A version whose handler throws is not recorded.</summary>
    /// <returns>Whether it was handled.</returns>
    public async Task<bool> HandleIfNewerAsync(JobEvent one, Func<JobEvent, CancellationToken, Task> handle, CancellationToken cancellationToken)
    {
        var (job, version) = ((one.Source, one.Subject), (one.Data.RegisteredAt, one.Data.Version));
        var gate = _gates[(uint)job.GetHashCode() % _gates.Length];
        await gate.WaitAsync(cancellationToken);
        try
        {
            lock (_versions)
            {
                if (_versions.TryGetValue(job, out var known) && known.CompareTo(version) >= 0)
                    return false;
            }

            await handle(one, cancellationToken);
            lock (_versions)
                _versions[job] = version;
            return true;
        }
        finally
        {
            gate.Release();
        }
    }
}

using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>
/// The highest version that was handled of each job. Events come at least once and may overtake each other; the version tells which of
/// two is the newer.
/// </summary>
/// <remarks>
/// This example keeps it in memory, so it forgets with the process and handles again what comes again. A real subscriber keeps it where
/// its own effect is, and changes both in one transaction, for example
/// <c>UPDATE lessons SET state = @state, version = @version WHERE job = @job AND version &lt; @version</c>: no row changed means
/// that the event was old. Then a crash between the effect and completing the message does no harm either, nor do several
/// instances of the subscriber.
/// </remarks>
internal sealed class KnownVersions
{
    // Two events of one job must not be handled at once: the older could be the last to have its effect.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];
    private readonly Dictionary<(string Source, string Subject), long> _versions = [];

    /// <summary>Handles an event unless it is old. What throws is not remembered.</summary>
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

namespace FopWatch.Api;

/// <summary>A readiness check of a host, in addition to reading the store.</summary>
public interface IReadinessCheck
{
    /// <summary>Runs the check. A problem that does not make the host unready is reported as a trouble.</summary>
    /// <returns>When the host's one-minute timers last ran; null if it has none, or one has not run yet.</returns>
    /// <exception cref="Jobs.StoreUnavailableException">The host is not ready.</exception>
    ValueTask<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken);
}

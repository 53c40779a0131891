namespace FopWatch.Api;

/// <summary>What a host checks, besides reading the store, before it says that it is ready.</summary>
public interface IReadinessCheck
{
    /// <summary>Checks it. What goes wrong and makes no host unready is reported as a trouble.</summary>
    /// <returns>When the host's timers of a minute ran last; null where there are none, or one has not run yet.</returns>
    /// <exception cref="Jobs.StoreUnavailableException">The host is not ready.</exception>
    ValueTask<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken);
}

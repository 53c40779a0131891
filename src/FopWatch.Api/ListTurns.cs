using System.Threading.RateLimiting;

namespace FopWatch.Api;

/// <summary>
/// The turns of lists. Short lists and searches have their own turns, so they do not wait for long lists. While the host has intake, the turn of a
/// long list stays unused for a while after it: a page of 1,000 jobs takes a processor for as long as dozens of notifications.
/// </summary>
internal sealed class ListTurns : IDisposable
{
    /// <summary>How long a turn stays unused after a list, as a multiple of the list's own time.</summary>
    public const int Rest = 3;

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(2);

    private readonly ConcurrencyLimiter _long;
    private readonly ConcurrencyLimiter _short;
    private readonly Func<bool> _isTakingIn;
    private readonly TimeProvider _time;

    /// <param name="turns">The number of concurrent long lists, and of short ones; at least 1.</param>
    /// <param name="most">The maximum of each kind, running or waiting.</param>
    /// <param name="isTakingIn">Whether the host has intake now.</param>
    /// <param name="time">The clock.</param>
    public ListTurns(int turns, int most, Func<bool> isTakingIn, TimeProvider time)
    {
        (_long, _short) = (Limiters.Of(turns, most - turns), Limiters.Of(turns, most - turns));
        (_isTakingIn, _time) = (isTakingIn, time);
    }

    /// <summary>Waits for a turn.</summary>
    /// <returns>The turn, to dispose of when the list is made; null if too many wait.</returns>
    public async ValueTask<IDisposable?> TakeAsync(bool isLong, CancellationToken cancellationToken)
    {
        var lease = await (isLong ? _long : _short).AcquireAsync(1, cancellationToken);
        if (lease.IsAcquired)
            return isLong ? new LongTurn(this, lease) : lease;
        lease.Dispose();
        return null;
    }

    public void Dispose()
    {
        _long.Dispose();
        _short.Dispose();
    }

    private sealed class LongTurn(ListTurns turns, RateLimitLease lease) : IDisposable
    {
        private readonly long _began = turns._time.GetTimestamp();

        public void Dispose()
        {
            var rest = turns._isTakingIn() ? Rest * turns._time.GetElapsedTime(_began) : TimeSpan.Zero;
            if (rest <= TimeSpan.Zero)
                lease.Dispose();
            else
                _ = EndAsync(rest < LongestRest ? rest : LongestRest);
        }

        private async Task EndAsync(TimeSpan rest)
        {
            await Task.Delay(rest, turns._time);
            lease.Dispose();
        }
    }
}

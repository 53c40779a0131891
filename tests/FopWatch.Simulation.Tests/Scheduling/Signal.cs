namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>Wakes one sleeper; a call while nobody sleeps is remembered.</summary>
internal sealed class Signal(Life life)
{
    private TaskCompletionSource? _sleeper;
    private bool _called;

    public void Call()
    {
        if (_sleeper is { } sleeper)
            sleeper.TrySetResult();
        else
            _called = true;
    }

    /// <summary>Sleeps until called, at the longest for a given time.</summary>
    public async Task SleepAsync(TimeSpan longest)
    {
        if (!_called && longest > TimeSpan.Zero)
        {
            var sleeper = _sleeper = new();
            using var timer = life.Clock.CreateTimer(_ => sleeper.TrySetResult(), null, longest, Timeout.InfiniteTimeSpan);
            await sleeper.Task;
            _sleeper = null;
        }

        _called = false;
    }
}

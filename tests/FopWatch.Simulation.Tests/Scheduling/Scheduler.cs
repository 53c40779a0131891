namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>
/// One thread, one virtual clock, and one order of steps, chosen by a seed. Everything in a history that takes time waits here
/// for its turn; time passes only while nothing can take one.
/// </summary>
internal sealed class Scheduler(Random random, DateTimeOffset start, Trace trace)
{
    /// <summary>More steps than any history needs. A history that exceeds it is in an endless loop.</summary>
#if MUTATION
    private const long MostSteps = 50_000;
#else
    private const long MostSteps = 2_000_000;
#endif

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly Queue<(ProcessLifetime ProcessLifetime, SendOrPostCallback Callback, object? State)> _posted = new();
    private readonly List<Turn> _ready = [];
    private readonly PriorityQueue<(VirtualTimer Timer, int Arming), (long Due, long Sequence)> _timers = new();
    private long _sequence;
    private long _fired;

    /// <summary>The true time; the clocks of process lifetimes may be wrong.</summary>
    public DateTimeOffset Now { get; private set; } = start;

    public Random Random { get; } = random;

    public Trace Trace { get; } = trace;

    /// <summary>The number of turns taken.</summary>
    public long Steps { get; private set; }

    /// <summary>The failure of the simulation itself, or null.</summary>
    public string? Fault { get; private set; }

    /// <summary>Ends the history as failed.</summary>
    public void Fail(string fault) => Fault ??= fault;

    /// <summary>Starts work of a lifetime. It must not fail.</summary>
    public void Start(ProcessLifetime lifetime, Func<Task> work) => Enqueue(lifetime, static state => _ = ((Work)state!).RunAsync(), new Work(this, lifetime, work));

    /// <summary>Waits for a turn, after an optional delay. The seed chooses the next of all waiting.</summary>
    public Task TurnAsync(ProcessLifetime lifetime, TimeSpan delay = default)
    {
        var turn = new Turn(lifetime);
        if (delay > TimeSpan.Zero)
            lifetime.Clock.CreateTimer(_ => _ready.Add(turn), null, delay, Timeout.InfiniteTimeSpan);
        else
            _ready.Add(turn);
        return turn.Task;
    }

    /// <summary>Takes turns and lets time pass.</summary>
    /// <param name="isOver">Called whenever nothing can take a turn.</param>
    /// <param name="isBroken">Called after every turn.</param>
    /// <param name="until">The latest time to stop.</param>
    /// <returns>Whether it was over in time.</returns>
    public bool Run(Func<bool> isOver, Func<bool> isBroken, DateTimeOffset until)
    {
        var outside = SynchronizationContext.Current;
        try
        {
            while (Fault is null && !isBroken())
            {
                if (_posted.TryDequeue(out var posted))
                {
                    if (!posted.ProcessLifetime.IsOver)
                        Enter(posted.ProcessLifetime, posted.Callback, posted.State);
                }
                else if (_ready.Count > 0)
                {
                    TakeTurn();
                }
                else if (isOver())
                {
                    return true;
                }
                else if (!Pass(until))
                {
                    return false;
                }
            }

            return false;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outside);
        }
    }

    public void Enqueue(ProcessLifetime lifetime, SendOrPostCallback callback, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            Fault ??= "Work left the thread of the history, so the seed no longer determines the order of steps.";
        else if (!lifetime.IsOver)
            _posted.Enqueue((lifetime, callback, state));
    }

    public void Arm(VirtualTimer timer, TimeSpan delay)
    {
        var due = delay < TimeSpan.FromDays(4000) ? Now.Ticks + delay.Ticks : long.MaxValue;
        _timers.Enqueue((timer, timer.Arming), (due, _sequence++));
    }

    private void TakeTurn()
    {
        var index = _ready.Count == 1 ? 0 : Random.Next(_ready.Count);
        var turn = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (turn.ProcessLifetime.IsOver)
            return;
        if (++Steps > MostSteps)
            Fault ??= "The history does not end.";
        Enter(turn.ProcessLifetime, static state => ((Turn)state!).SetResult(), turn);
    }

    /// <summary>Advances the clock to the next timer and fires it, together with all others due at that instant.</summary>
    private bool Pass(DateTimeOffset until)
    {
        long? at = null;
        while (_timers.TryPeek(out var next, out var priority))
        {
            if (!next.Timer.IsArmed(next.Arming))
            {
                _timers.Dequeue();
                continue;
            }

            if (priority.Due > (at ?? until.UtcTicks))
                break;

            if (++_fired > MostSteps)
            {
                Fault ??= "The timers of the history do not end.";
                return false;
            }

            _timers.Dequeue();
            at = priority.Due;
            Now = new(priority.Due, TimeSpan.Zero);
            Enter(next.Timer.ProcessLifetime, static state => ((VirtualTimer)state!).Fire(), next.Timer);
        }

        return at is not null;
    }

    private static void Enter(ProcessLifetime lifetime, SendOrPostCallback callback, object? state)
    {
        SynchronizationContext.SetSynchronizationContext(lifetime);
        callback(state);
    }

    // Without RunContinuationsAsynchronously, continuations run within the turn, on this thread.
    private sealed class Turn(ProcessLifetime lifetime) : TaskCompletionSource
    {
        public ProcessLifetime ProcessLifetime { get; } = lifetime;
    }

    private sealed class Work(Scheduler scheduler, ProcessLifetime lifetime, Func<Task> work)
    {
        public async Task RunAsync()
        {
            try
            {
                await work();
            }
            catch (Exception e)
            {
                scheduler.Fail($"Work of {lifetime.Name} failed: {e}");
            }
        }
    }
}

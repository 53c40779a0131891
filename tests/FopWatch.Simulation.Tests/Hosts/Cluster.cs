using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>All processes of a history. A crashed process is restarted with empty memory.</summary>
internal sealed class Cluster
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SimulatedWorld _world;
    private readonly Process?[] _processes;
    private int _lives;

    public Cluster(SimulatedWorld world)
    {
        _world = world;
        _processes = new Process?[world.Scenario.Processes];
        Platform = world.Scenario.Host == HostKind.Cloud ? new(world, this) : null;
    }

    /// <summary>Calls the functions of cloud hosts; null for embedded ones.</summary>
    public Platform? Platform { get; }

    public void Start()
    {
        Platform?.Start();
        for (var slot = 0; slot < _processes.Length; slot++)
            Launch(slot);
        if (_world.Scenario.ClockError > TimeSpan.Zero)
            _world.Scheduler.Start(_world.Outside, DisturbClocksAsync);
    }

    /// <summary>Any running process; null if there is none.</summary>
    public Process? Pick()
    {
        var first = _processes.Length == 1 ? 0 : _world.Scheduler.Random.Next(_processes.Length);
        for (var i = 0; i < _processes.Length; i++)
        {
            if (_processes[(first + i) % _processes.Length] is { ProcessLifetime.IsOver: false } process)
                return process;
        }

        return null;
    }

    /// <summary>Sends a notification.</summary>
    /// <returns>The HTTP status, or null without an answer.</returns>
    public Task<int?> NotifyAsync(Message message) => RequestAsync(async process =>
    {
        _world.Trace(process.ProcessLifetime.Name, "is notified", message.Id, message.Expected?.ToString());
        if (process.Intake.Admit(message.Source, message.Token) is not { } source)
        {
            _world.Checker.Refused(message);
            return 404;
        }

        var since = _world.Scheduler.Steps;
        var result = await process.Intake.ReceiveAsync(source, message.Request, message.Correlation, CancellationToken.None);
        _world.Checker.Acknowledged(message, result, since);
        return 200;
    });

    /// <summary>Registers a job.</summary>
    /// <returns>The HTTP status, or null without an answer.</returns>
    public Task<int?> RegisterAsync(JobScript script) => RequestAsync(async process =>
    {
        _world.Trace(process.ProcessLifetime.Name, "is to register", script.Job.Id);
        var since = _world.Scheduler.Steps;
        await process.Recorder.RegisterAsync(
            _world.Scenario.Source(script.Source), script.Job.Id, Checker.MetadataOf(script), script.FirstPollAfter, CancellationToken.None);
        _world.Checker.Registered(script, since);
        return 202;
    });

    /// <summary>Performs an operator's action.</summary>
    public Task<int?> DoAsync(Intervention action, JobScript script) => RequestAsync(async process =>
    {
        var key = new JobKey(script.Source, script.Job.Id);
        _world.Trace(process.ProcessLifetime.Name, "is to " + action, key.Id);
        switch (action)
        {
            case Intervention.Poll:
                _world.IsByHand = true;
                await process.Poller.PollNowAsync(key, CancellationToken.None);
                break;
            case Intervention.Republish:
                await process.Recorder.RepublishAsync(key, CancellationToken.None);
                break;
            default:
                await process.Recorder.StopAsync(key, CancellationToken.None);
                break;
        }

        return 200;
    });

    private async Task<int?> RequestAsync(Func<Process, Task<int>> handle)
    {
        if (Pick() is not { } process)
            return null;

        var answer = new TaskCompletionSource<int?>();
        using var patience = _world.Outside.Clock.CreateTimer(_ => answer.TrySetResult(null), null, Patience, Timeout.InfiniteTimeSpan);
        _world.Scheduler.Start(process.ProcessLifetime, async () =>
        {
            try
            {
                answer.TrySetResult(await handle(process));
            }
            catch (StoreUnavailableException)
            {
                answer.TrySetResult(503);
            }
        });
        return await answer.Task;
    }

    private void Launch(int slot)
    {
        var name = $"life {++_lives}";
        var seed = _world.Scheduler.Random.Next();
        Process process = Platform is null ? new EmbeddedProcess(_world, name, seed) : new CloudProcess(_world, name, seed, Platform);
        _processes[slot] = process;
        SetClock(process);
        process.ProcessLifetime.WhenOver(() => _world.Scheduler.Start(_world.Outside, async () =>
        {
            await _world.DelayAsync(TimeSpan.FromSeconds(_world.Scheduler.Random.Next(1, 5) * _world.Scheduler.Random.Next(1, 60)));
            Launch(slot);
        }));
        process.Start();
    }

    private async Task DisturbClocksAsync()
    {
        while (_world.Age < _world.Scenario.Rates.Until)
        {
            var left = _world.Scenario.Rates.Until - _world.Age;
            await _world.DelayAsync(left * _world.Scheduler.Random.NextDouble() / 4 + TimeSpan.FromMinutes(5));
            _world.Tally.Add("clock jumps");
            foreach (var process in _processes)
                SetClock(process!);
        }
    }

    private void SetClock(Process process) => process.ProcessLifetime.Clock.Offset = _world.Age < _world.Scenario.Rates.Until
        ? _world.Scenario.ClockError * ((2 * _world.Scheduler.Random.NextDouble()) - 1)
        : TimeSpan.Zero;
}

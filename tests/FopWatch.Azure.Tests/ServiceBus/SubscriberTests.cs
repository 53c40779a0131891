using System.Collections.Concurrent;
using System.Diagnostics;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Subscriber;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>The example subscriber, on its own subscription.</summary>
public sealed class SubscriberTests : IAsyncLifetime
{
    private const string Topic = "fopwatch-events";

    private readonly ConcurrentQueue<JobEvent> _handled = new();
    private readonly StringWriter _output = new();
    private BusTest? _bus;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private BusTest Bus => _bus!;

    public async ValueTask InitializeAsync() => _bus = await BusTest.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await _output.DisposeAsync();
    }

    [Fact]
    public async Task It_handles_the_newest_version_once_and_completes_the_rest()
    {
        var (one, two, three) = (Sample.Event("a", 1), Sample.Event("a", 2), Sample.Event("a", 3));
        await using var running = Run(until: 3, concurrency: 1);

        await Bus.Publisher.PublishAsync([one, three, two, Sample.Event("a", 2, "other")], Cancelled);
        await running.HandledAsync();

        Assert.Equal([("/fopwatch/media", 1), ("/fopwatch/media", 3), ("/fopwatch/other", 2)], _handled.Select(e => (e.Source, e.Data.Version)));
        await running.StopAsync();
        Assert.Empty(await Bus.ReceiveAllAsync("all"));
        Assert.Contains("old        /fopwatch/media a version 2", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task However_many_it_handles_at_once_no_job_returns_to_an_older_version()
    {
        var random = new Random(7);
        var events = (from job in Enumerable.Range(0, 40) from version in Enumerable.Range(1, 20) select Sample.Event($"j{job}", version)).ToArray();
        random.Shuffle(events);
        await Bus.Publisher.PublishAsync(events, Cancelled);

        await using var running = Run(until: 40, counts: e => e.Data.Version == 20, concurrency: 16, handle: async (_, _) => await Task.Yield());
        await running.HandledAsync();
        await running.StopAsync();

        Assert.All(_handled.GroupBy(e => e.Subject), job => Assert.Equal(job.Select(e => e.Data.Version).Distinct().Order(), job.Select(e => e.Data.Version)));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"specversion":"1.0","id":"1","type":"fopwatch.job.settled","source":"/fopwatch/media","subject":"a"}""")]
    public async Task An_unreadable_message_is_dead_lettered_with_the_reason(string body)
    {
        await using var sender = Bus.Client.CreateSender(Topic);
        await sender.SendMessageAsync(new(body) { MessageId = "broken" }, Cancelled);
        await Bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled);

        await using var running = Run(until: 1);
        await running.HandledAsync();

        // Events are handled concurrently: the other one may finish before this one is dead-lettered, which stopping would interrupt.
        var dead = (await Bus.ReceiveAsync("all", 1, SubQueue.DeadLetter))[0];
        await running.StopAsync();
        Assert.Equal(("broken", "Unreadable"), (dead.MessageId, dead.DeadLetterReason));
        Assert.False(string.IsNullOrEmpty(dead.DeadLetterErrorDescription));
        Assert.Equal(body, dead.Body.ToString());
        Assert.Empty(await Bus.ReceiveAllAsync("all"));
    }

    [Fact]
    public async Task An_event_is_delivered_again_if_its_handler_fails()
    {
        var failures = 2;
        await Bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled);

        await using var running = Run(until: 1, handle: (_, _) => Interlocked.Decrement(ref failures) >= 0
            ? throw new InvalidOperationException("The database is down.")
            : Task.CompletedTask);
        await running.HandledAsync();
        await running.StopAsync();

        Assert.Empty(await Bus.ReceiveAllAsync("all"));
        Assert.Contains("version 1, attempt 2: The database is down.", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_permanently_failing_event_ends_in_the_dead_letter_queue()
    {
        await Bus.Publisher.PublishAsync([Sample.Event("poison"), Sample.Event("a")], Cancelled);

        await using var running = Run(until: 1, concurrency: 1, handle: (e, _) =>
            e.Subject == "poison" ? throw new InvalidOperationException("never") : Task.CompletedTask);
        var dead = (await Bus.ReceiveAsync("all", 1, SubQueue.DeadLetter))[0];
        await running.HandledAsync();
        await running.StopAsync();

        Assert.Equal(("poison", "MaxDeliveryCountExceeded"), (dead.CorrelationId, dead.DeadLetterReason));
        Assert.Equal("a", Assert.Single(_handled).Subject);
        Assert.Contains("attempt 10: never", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_stopped_it_finishes_the_current_event_and_takes_no_other()
    {
        var (begun, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await Bus.Publisher.PublishAsync([Sample.Event("a"), Sample.Event("b")], Cancelled);
        await using var running = Run(until: 1, concurrency: 1, handle: (_, _) =>
        {
            begun.TrySetResult();
            return goOn.Task;
        });
        await begun.Task.WaitAsync(Cancelled);

        var stopped = running.StopAsync();
        Assert.False(stopped.IsCompleted);
        goOn.SetResult();
        await stopped;

        Assert.Equal("a", Assert.Single(_handled).Subject);
        Assert.Equal(["b"], (await Bus.ReceiveAllAsync("all")).Select(message => message.CorrelationId));
    }

    [Fact]
    public async Task A_handler_that_gives_up_when_stopped_leaves_the_event_to_others()
    {
        var begun = new TaskCompletionSource();
        await Bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled);
        await using var running = Run(until: 1, handle: (_, stopping) =>
        {
            begun.TrySetResult();
            return Task.Delay(Timeout.Infinite, stopping);
        });
        await begun.Task.WaitAsync(Cancelled);
        await running.StopAsync();

        Assert.Empty(_handled);
        var again = (await Bus.ReceiveAsync("all", 1))[0];
        Assert.Equal(("a", 2), (again.CorrelationId, again.DeliveryCount));
    }

    [Fact]
    public async Task A_missing_subscription_ends_it()
    {
        var subscriber = new JobEventSubscriber(
            Bus.Client, new() { Topic = Topic, Subscription = "nobody" }, (_, _) => Task.CompletedTask, _output, TimeProvider.System);

        var thrown = await Assert.ThrowsAsync<ServiceBusException>(() => subscriber.RunAsync(Cancelled));

        Assert.Equal(ServiceBusFailureReason.MessagingEntityNotFound, thrown.Reason);
    }

    [Fact]
    public async Task While_the_broker_is_killed_repeatedly_it_misses_no_job()
    {
        const int Jobs = 400;
        await using var running = Run(until: Jobs);
        foreach (var some in Enumerable.Range(0, Jobs).Select(i => Sample.Event($"j{i}", 5)).Chunk(100))
        {
            await Bus.Publisher.PublishAsync(some, Cancelled);
            await Bus.Peer.KillAsync();
            await Bus.Peer.StartAsync();
        }

        await running.HandledAsync();
        await running.StopAsync();

        Assert.Equal(Jobs, _handled.Count);
        Assert.Equal(Jobs, _handled.DistinctBy(e => e.Subject).Count());
    }

    [Fact]
    public async Task The_program_prints_how_jobs_ended_and_ends_when_stopped()
    {
        await Bus.Publisher.PublishAsync([Sample.Job("z0.a").PartiallyFailed().ToEvent()!], Cancelled);
        var start = new ProcessStartInfo("dotnet", [typeof(JobEventSubscriber).Assembly.Location, "--subscription", "settled", "--concurrency", "2"])
        {
            RedirectStandardOutput = true,
            Environment = { ["FOPWATCH_SERVICEBUS_CONNECTION"] = Bus.Peer.ConnectionString },
        };
        using var process = Process.Start(start)!;
        try
        {
            Assert.Equal("listening  fopwatch-events/settled", await LineAsync());
            Assert.Equal("settled    media z0.a version 2: PartiallyFailed, 1 of 2 succeeded", await LineAsync());

            using (var terminate = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                await terminate.WaitForExitAsync(Cancelled);
            Assert.Equal("stopping   after the events in progress", await LineAsync());
            await process.WaitForExitAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        async Task<string?> LineAsync() => await process.StandardOutput.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
    }

    [Theory]
    [InlineData("Give --host or --namespace")]
    [InlineData("no-such-topic", "--topic", "no-such-topic")]
    public async Task The_program_reports_errors_and_fails(string expected, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(JobEventSubscriber).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("FOPWATCH_SERVICEBUS_NAMESPACE");
        start.Environment["FOPWATCH_SERVICEBUS_CONNECTION"] = arguments.Length > 0 ? Bus.Peer.ConnectionString : "";
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(Cancelled);
            var error = await process.StandardError.ReadToEndAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
            await process.WaitForExitAsync(Cancelled);

            Assert.Contains(expected, error, StringComparison.Ordinal);
            Assert.NotEqual(0, process.ExitCode);
            await output;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private RunningSubscriber Run(
        int until, int concurrency = 4, Func<JobEvent, CancellationToken, Task>? handle = null, Func<JobEvent, bool>? counts = null) =>
        new(Bus, _handled, _output, until, concurrency, handle ?? ((_, _) => Task.CompletedTask), counts ?? (_ => true));

    /// <summary>The subscriber, with the events that it handled.</summary>
    private sealed class RunningSubscriber : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _run;

        private int _counted;

        public RunningSubscriber(
            BusTest bus,
            ConcurrentQueue<JobEvent> handled,
            StringWriter output,
            int until,
            int concurrency,
            Func<JobEvent, CancellationToken, Task> handle,
            Func<JobEvent, bool> counts)
        {
            var subscriber = new JobEventSubscriber(
                bus.Client,
                new() { Topic = Topic, Subscription = "all", Concurrency = concurrency, RetryPause = TimeSpan.Zero },
                async (e, stopping) =>
                {
                    await handle(e, stopping);
                    handled.Enqueue(e);
                    if (counts(e) && Interlocked.Increment(ref _counted) == until)
                        _enough.TrySetResult();
                },
                TextWriter.Synchronized(output),
                TimeProvider.System);
            _run = subscriber.RunAsync(_stopping.Token);
        }

        public Task HandledAsync() => _enough.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        public async Task StopAsync()
        {
            await _stopping.CancelAsync();
            await _run;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stopping.Dispose();
        }
    }
}

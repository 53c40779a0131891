using System.Collections.Concurrent;
using System.Text;
using FopWatch.Contracts;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Subscriber;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Azure.Tests.Subscriber;

/// <summary>The example subscriber on a stream written by the test, over HTTP.</summary>
public sealed class StreamSubscriberTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-subscriber-");
    private readonly ConcurrentQueue<string> _positions = new();
    private readonly ConcurrentQueue<(string Subject, long Version)> _handled = new();
    private readonly StringWriter _output = new();
    private WebApplication _web = null!;
    private string _stream = "";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Position => Path.Combine(_folder.FullName, "position");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _web = builder.Build();
        _web.Run(async context =>
        {
            _positions.Enqueue(context.Request.Headers["Last-Event-ID"].ToString());
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Interlocked.Exchange(ref _stream, ""), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await _web.StartAsync(Cancelled);
    }

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        _folder.Delete(recursive: true);
        await _output.DisposeAsync();
    }

    [Fact]
    public async Task Old_versions_are_skipped_and_completed()
    {
        _stream = Event(1, Sample.Event("a", 1)) + Event(2, Sample.Event("a", 3)) + Event(3, Sample.Event("a", 2)) + Event(4, Sample.Event("b", 1));

        await RunUntilAsync("4");

        Assert.Equal([("a", 1), ("a", 3), ("b", 1)], _handled);
        Assert.Contains("old        /fopwatch/media a version 2", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(["0"], _positions);
    }

    [Fact]
    public async Task A_job_that_is_registered_again_after_its_deletion_begins_at_version_1()
    {
        var again = Sample.Job("a") with { Version = 0, RegisteredAt = Sample.Start.AddDays(40) };
        _stream = Event(1, Sample.Event("a", 3)) + Event(2, again.Republish(again.RegisteredAt).ToEvent()!) + Event(3, Sample.Event("a", 4));

        await RunUntilAsync("3");

        Assert.Equal([("a", 3), ("a", 1)], _handled);
        Assert.Contains("old        /fopwatch/media a version 4", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreadable_event_is_put_aside_with_the_reason_and_the_stream_continues()
    {
        _stream = "id: 1\nevent: fopwatch.job.settled\ndata: {\"not\":\ndata: \"an event\"}\n\n" + Event(2, Sample.Event("a", 1));

        await RunUntilAsync("2");

        Assert.Equal([("a", 1)], _handled);
        Assert.Equal("{\"not\": \"an event\"}\n", await File.ReadAllTextAsync(Position + ".dead", Cancelled));
        Assert.Contains("'specversion' is missing", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_whose_handler_fails_is_retried_before_later_ones()
    {
        var failures = 2;
        _stream = Event(1, Sample.Event("a", 1)) + Event(2, Sample.Event("b", 1));

        await RunUntilAsync("2", handle: _ => failures-- > 0 ? throw new InvalidOperationException("the database\nis away") : Task.CompletedTask);

        Assert.Equal([("a", 1), ("b", 1)], _handled);
        Assert.Contains("failed     /fopwatch/media a version 1, attempt 2: the database\n", _output.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Position + ".dead"));
    }

    [Fact]
    public async Task A_permanently_failing_event_is_put_aside()
    {
        _stream = Event(1, Sample.Event("poison", 1)) + Event(2, Sample.Event("b", 1));

        await RunUntilAsync("2", handle: one => one.Subject == "poison" ? throw new InvalidOperationException("never") : Task.CompletedTask);

        Assert.Equal([("b", 1)], _handled);
        Assert.Equal("poison", JobEvent.Parse(await File.ReadAllTextAsync(Position + ".dead", Cancelled)).Subject);
        Assert.Contains("attempt 3: never", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unfinished_event_is_delivered_again()
    {
        _stream = Event(1, Sample.Event("a", 1)) + Event(2, Sample.Event("b", 1));
        await RunUntilAsync("1", handle: one => one.Subject == "b" ? Task.Delay(Timeout.Infinite, Cancelled) : Task.CompletedTask, stuck: true);

        _stream = Event(2, Sample.Event("b", 1));
        await RunUntilAsync("2");

        Assert.Equal(["0", "1"], _positions);
        Assert.Equal([("a", 1), ("b", 1)], _handled);
    }

    [Fact]
    public async Task Positions_and_gaps_are_not_events()
    {
        _stream = "event: fopwatch.events.purged\ndata: {\"before\":7}\n\nid: 6\n\n:\n\nid: 9\n\n";

        await RunUntilAsync("9");

        Assert.Empty(_handled);
        Assert.Contains("gap        events after the position were deleted", _output.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Position + ".dead"));
    }

    [Fact]
    public async Task A_different_event_log_is_named_and_read_from_its_start()
    {
        _stream = "event: fopwatch.events.restarted\ndata: {\"after\":9,\"last\":1}\n\nid: 0\n\n" + Event(1, Sample.Event("a", 1));

        await RunUntilAsync("1");

        Assert.Equal([("a", 1)], _handled);
        Assert.Contains("restarted  the host's event log was replaced or restored", _output.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Position + ".dead"));
    }

    [Fact]
    public async Task A_position_with_an_epoch_is_kept_and_resumed_from()
    {
        _stream = "id: 6-9f3a2c1e\nevent: fopwatch.events.purged\ndata: {\"before\":7,\"resume\":\"6-9f3a2c1e\"}\n\n";

        await RunUntilAsync("6-9f3a2c1e", silence: TimeSpan.FromMilliseconds(300), until: () => _positions.Count >= 2);

        Assert.Equal(["0", "6-9f3a2c1e"], _positions.Take(2));
    }

    [Fact]
    public async Task A_silent_host_is_disconnected()
    {
        _stream = "id: 3\n\n";

        await RunUntilAsync("3", silence: TimeSpan.FromMilliseconds(300), until: () => _positions.Count >= 2);

        Assert.Contains("it stopped sending; retrying", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(["0", "3"], _positions.Take(2));
    }

    [Fact]
    public async Task A_connection_that_is_reset_at_once_is_tried_again()
    {
        _stream = Event(1, Sample.Event("a", 1));

        await RunUntilAsync("1", reset: 2);

        Assert.Equal([("a", 1)], _handled);
        Assert.Contains("the connection was cut", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_position_file_with_other_content_is_named()
    {
        await File.WriteAllTextAsync(Position, "elsewhere", Cancelled);

        var failure = await Assert.ThrowsAsync<FormatException>(() => RunUntilAsync("1"));

        Assert.Contains(Position, failure.Message, StringComparison.Ordinal);
    }

    private static string Event(long id, OutboxEvent one) =>
        $"id: {id}\nevent: {one.Type}\ndata: {Encoding.UTF8.GetString(one.Body.Span)}\n\n";

    private async Task RunUntilAsync(
        string position, Func<JobEvent, Task>? handle = null, bool stuck = false, TimeSpan? silence = null, Func<bool>? until = null, int reset = 0)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ResetConnection.Before(reset) });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var options = new StreamOptions
        {
            Host = new(_web.Urls.Single()),
            PositionFile = Position,
            MaxAttempts = 3,
            RetryPause = TimeSpan.FromMilliseconds(10),
            Silence = silence ?? TimeSpan.FromSeconds(45),
        };
        var subscriber = new StreamSubscriber(
            http,
            options,
            async (one, stopping) =>
            {
                await (handle?.Invoke(one) ?? Task.CompletedTask).WaitAsync(stopping);
                _handled.Enqueue((one.Subject, one.Data.Version));
            },
            TextWriter.Synchronized(_output),
            TimeProvider.System);
        var running = subscriber.RunAsync(stop.Token);
        var patience = DateTime.UtcNow.AddSeconds(30);
        while (!running.IsCompleted && !((until?.Invoke() ?? true) && File.Exists(Position) && await File.ReadAllTextAsync(Position, Cancelled) == position))
        {
            Assert.True(DateTime.UtcNow < patience, $"The position {position} was not reached:\n{_output}");
            await Task.Delay(20, Cancelled);
        }

        if (stuck)
            await Task.Delay(100, Cancelled);
        await stop.CancelAsync();
        await running;
    }
}

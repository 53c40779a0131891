using System.Text;
using FopWatch.Intake;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Api.Tests;

public sealed class RequestLimitsTests : IDisposable
{
    private readonly RequestLimits _limits = new(FopWatchSettings.Read([]), TimeProvider.System, NullLogger<RequestLimits>.Instance);

    public void Dispose() => _limits.Dispose();

    [Theory]
    [InlineData("/api/jobs/media/z0.a/poll", "")]
    [InlineData("/api/jobs/media/z0.a", "?wait=30")]
    [InlineData("/events", "")]
    public void What_waits_takes_no_place_from_other_calls_nor_from_notifications(string path, string query)
    {
        for (var i = 0; i < RequestLimits.Waiting; i++)
            Assert.NotNull(_limits.Enter(Request(path, query)));

        Assert.Null(_limits.Enter(Request(path, query)));
        Assert.NotNull(_limits.Enter(Request("/api/jobs")));
        Assert.NotNull(_limits.Enter(Request("/api/notify/media/right-token")));
    }

    [Fact]
    public void A_host_may_let_fewer_calls_wait()
    {
        using var limits = new RequestLimits(FopWatchSettings.Read([]), TimeProvider.System, NullLogger<RequestLimits>.Instance, waiting: 2);

        using var first = limits.Enter(Request("/api/jobs/media/z0.a", "?wait=30"));
        Assert.NotNull(limits.Enter(Request("/api/jobs/media/z0.a/poll")));

        Assert.Null(limits.Enter(Request("/api/jobs/media/z0.a", "?wait=30")));
        Assert.NotNull(limits.Enter(Request("/api/notify/media/right-token")));
        first!.Dispose();
        Assert.NotNull(limits.Enter(Request("/api/jobs/media/z0.a", "?wait=30")));
    }

    [Fact]
    public void A_place_is_free_again_once_its_request_has_been_answered()
    {
        var places = Enumerable.Range(0, RequestLimits.Calls).Select(_ => _limits.Enter(Request("/api/jobs"))).ToList();
        Assert.Null(_limits.Enter(Request("/api/jobs")));
        Assert.Equal(1, _limits.TurnedAway);

        places[0]!.Dispose();
        Assert.NotNull(_limits.Enter(Request("/api/jobs")));
    }

    [Fact]
    public async Task A_turn_to_decode_is_free_again_once_decoded_while_its_request_is_not_answered_yet()
    {
        var requests = Enumerable.Range(0, Environment.ProcessorCount + 1).Select(_ => Large()).ToList();
        var turns = new List<IDisposable?>();
        foreach (var request in requests.SkipLast(1))
            turns.Add(await TurnAsync(request, RequestLimits.LargeBody + 1));
        var next = TurnAsync(requests[^1], RequestLimits.LargeBody + 1);
        Assert.False(next.IsCompleted);

        turns[0]!.Dispose();

        Assert.NotNull(await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_body_that_is_not_large_needs_no_turn()
    {
        for (var i = 0; i <= Environment.ProcessorCount; i++)
            Assert.Null(await TurnAsync(Large(), RequestLimits.LargeBody));
    }

    [Fact]
    public async Task What_is_decoded_and_not_answered_is_bounded_in_bytes_and_one_body_may_be_larger()
    {
        var (first, second, third) = (Large(), Large(), Large());
        (await TurnAsync(first, RequestLimits.DecodedBytes / 2))!.Dispose();
        (await TurnAsync(second, RequestLimits.DecodedBytes / 2))!.Dispose();
        var last = TurnAsync(third, 2 * RequestLimits.DecodedBytes);
        Assert.False(last.IsCompleted);

        first.HttpContext.Features.Get<RequestLimits.BodyRoom>()!.Dispose();
        Assert.False(last.IsCompleted);
        second.HttpContext.Features.Get<RequestLimits.BodyRoom>()!.Dispose();

        Assert.NotNull(await last.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/api/jobs")]
    [InlineData("/api/jobs/")]
    [InlineData("/api/quarantine")]
    public async Task Lists_wait_for_their_turn_in_order_and_take_no_place_from_other_calls(string path)
    {
        using var limits = new RequestLimits(FopWatchSettings.Read([]), TimeProvider.System, NullLogger<RequestLimits>.Instance, listTurns: 2);
        for (var i = 0; i < RequestLimits.Lists; i++)
            Assert.NotNull(limits.Enter(Request(path, method: "GET")));
        Assert.NotNull(limits.Enter(Request("/api/jobs", method: "POST")));

        var turns = Enumerable.Range(0, RequestLimits.Lists).Select(_ => limits.ListTurnAsync(isLong: true, TestContext.Current.CancellationToken).AsTask()).ToList();
        Assert.Equal([true, true, false], turns.Take(3).Select(turn => turn.IsCompleted));
        await Assert.ThrowsAsync<IntakeFullException>(() => limits.ListTurnAsync(isLong: true, TestContext.Current.CancellationToken).AsTask());

        (await turns[0]).Dispose();

        await turns[2].WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.False(turns[3].IsCompleted);
    }

    [Fact]
    public async Task Short_lists_wait_for_no_long_one_nor_the_reverse()
    {
        using var limits = new RequestLimits(FopWatchSettings.Read([]), TimeProvider.System, NullLogger<RequestLimits>.Instance, listTurns: 1);
        var turns = Enumerable.Range(0, RequestLimits.Lists).Select(_ => Turn(isLong: true)).ToList();
        await Assert.ThrowsAsync<IntakeFullException>(() => Turn(isLong: true));

        var (first, second) = (Turn(isLong: false), Turn(isLong: false));
        Assert.Equal((true, false), (first.IsCompletedSuccessfully, second.IsCompleted));
        (await first).Dispose();

        await second.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.False(turns[1].IsCompleted);

        Task<IDisposable> Turn(bool isLong) => limits.ListTurnAsync(isLong, TestContext.Current.CancellationToken).AsTask();
    }

    [Theory]
    [InlineData(true, "/api/notify/media/right-token", true)]
    [InlineData(true, "/api/jobs/media/z0.a", false)]
    [InlineData(false, "/api/notify/media/right-token", false)]
    public async Task While_a_notification_is_taken_in_the_turn_of_a_long_list_rests_for_three_times_as_long_as_it_took(bool isLong, string beside, bool rests)
    {
        var time = new ManualTimeProvider();
        using var limits = new RequestLimits(FopWatchSettings.Read([]), time, NullLogger<RequestLimits>.Instance);
        List<Task<IDisposable>> turns = [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount / 2)).Select(_ => Turn())];
        var (next, last) = (Turn(), Turn());
        using var other = limits.Enter(Request(beside));

        time.Advance(TimeSpan.FromMilliseconds(20));
        (await turns[0]).Dispose();

        if (rests)
        {
            time.Advance(TimeSpan.FromMilliseconds(59));
            Assert.Equal(1, time.PendingTimers);
            Assert.False(next.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        var turn = await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        // It has ended by then, so the next turn begins at once.
        other!.Dispose();
        turn.Dispose();
        await last.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(0, time.PendingTimers);

        Task<IDisposable> Turn() => limits.ListTurnAsync(isLong, TestContext.Current.CancellationToken).AsTask();
    }

    [Fact]
    public async Task A_list_is_written_down_in_its_turn_and_sent_after_it()
    {
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddSingleton(_limits).BuildServiceProvider(), Response = { Body = new MemoryStream() } };
        var answer = await ListAnswer.MakeAsync(
            context.Request, isLong: true, _ => Task.FromResult(new JobList([], "更多")), ApiJson.Wire.JobList, TestContext.Current.CancellationToken);

        // The turn is free, though the answer is not sent yet.
        (await _limits.ListTurnAsync(isLong: true, TestContext.Current.CancellationToken)).Dispose();
        await answer.ExecuteAsync(context);

        Assert.Equal("""{"jobs":[],"continuation":"更多"}""", Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()));
        Assert.Equal(("application/json; charset=utf-8", context.Response.Body.Length), (context.Response.ContentType, context.Response.ContentLength));
    }

    [Fact]
    public async Task A_list_for_which_there_is_no_room_beside_those_that_are_not_read_yet_is_answered_503()
    {
        var context = new DefaultHttpContext
        {
            RequestServices = new ServiceCollection().AddSingleton(_limits).AddLogging().BuildServiceProvider(),
            Response = { Body = new MemoryStream() },
        };
        var answer = await ListAnswer.MakeAsync(
            context.Request, isLong: true, _ => Task.FromResult(new JobList([], null)), ApiJson.Wire.JobList, TestContext.Current.CancellationToken);
        using (var unread = _limits.ListRoom(RequestLimits.ListBytes))
        {
            Assert.NotNull(unread);
            await answer.ExecuteAsync(context);
        }

        Assert.Equal((503, "5"), (context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
        Assert.Equal(1, _limits.TurnedAway);
        Assert.NotNull(_limits.ListRoom(RequestLimits.ListBytes * 2L));
    }

    [Fact]
    public void Each_source_whose_notifications_are_too_large_is_logged_with_the_limit_and_once_a_minute_at_the_most()
    {
        var (time, log) = (new ManualTimeProvider(), new Log());
        using var limits = new RequestLimits(FopWatchSettings.Read([KeyValuePair.Create("MaxBodyBytes", (string?)"65536")]), time, log);

        limits.TooLarge("media");
        limits.TooLarge("media");
        limits.TooLarge("vod");
        time.Advance(TimeSpan.FromSeconds(59));
        limits.TooLarge("media");
        time.Advance(TimeSpan.FromSeconds(1));
        limits.TooLarge("media");

        Assert.Equal([Line("media", 1), Line("vod", 1), Line("media", 4)], log.Warnings);

        // There was room for them.
        Assert.Equal(0, limits.TurnedAway);

        static string Line(string source, int count) =>
            $"A notification to {source} is larger than FopWatch:MaxBodyBytes (65536) and was answered 413 ({count} since the start)";
    }

    [Fact]
    public void Requests_that_are_turned_away_are_logged_once_a_minute_at_the_most()
    {
        var (time, log) = (new ManualTimeProvider(), new Log());
        using var limits = new RequestLimits(FopWatchSettings.Read([]), time, log);

        limits.Refused("one");
        limits.Refused("two");
        time.Advance(TimeSpan.FromMinutes(1));
        limits.Refused("three");

        Assert.Equal(
            ["Requests are turned away, 1 since the start. The last one: one", "Requests are turned away, 3 since the start. The last one: three"],
            log.Warnings);
    }

    private static Task<IDisposable?> TurnAsync(HttpRequest request, int length) =>
        RequestBody.DecodeTurnAsync(request, length, TestContext.Current.CancellationToken).AsTask();

    private HttpRequest Large()
    {
        var request = Request("/api/notify/media/right-token");
        Assert.NotNull(_limits.Enter(request));
        return request;
    }

    private static HttpRequest Request(string path, string query = "", string method = "") => new DefaultHttpContext
    {
        Request = { Path = path, QueryString = new(query), Method = method },
    }.Request;

    private sealed class Log : ILogger<RequestLimits>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Assert.Equal(LogLevel.Warning, logLevel);
            Warnings.Add(formatter(state, exception));
        }
    }
}

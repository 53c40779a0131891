using System.Text;
using FopWatch.Intake;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Api.Tests;

public sealed class AdmissionTests : IDisposable
{
    private readonly Admission _admission = new(TimeProvider.System, NullLogger<Admission>.Instance);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _admission.Dispose();

    [Theory]
    [InlineData(RequestKind.Waiting, "")]
    [InlineData(RequestKind.CallOrWaiting, "?wait=30")]
    public void Waiting_calls_take_no_places_from_other_calls_or_notifications(RequestKind kind, string query)
    {
        for (var i = 0; i < Admission.Waiting; i++)
            Assert.NotNull(_admission.Enter(Request(query), kind));

        Assert.Null(_admission.Enter(Request(query), kind));
        Assert.NotNull(_admission.Enter(Request(), RequestKind.CallOrWaiting));
        Assert.NotNull(_admission.Enter(Request(), RequestKind.Call));
        _admission.EnterNotification("media").Dispose();
    }

    [Fact]
    public void The_number_of_waiting_calls_can_be_lowered()
    {
        using var admission = new Admission(TimeProvider.System, NullLogger<Admission>.Instance, waiting: 2);

        using var first = admission.Enter(Request("?wait=30"), RequestKind.CallOrWaiting);
        Assert.NotNull(admission.Enter(Request(), RequestKind.Waiting));

        Assert.Null(admission.Enter(Request("?wait=30"), RequestKind.CallOrWaiting));
        first!.Dispose();
        Assert.NotNull(admission.Enter(Request("?wait=30"), RequestKind.CallOrWaiting));
    }

    [Fact]
    public void A_place_is_released_once_its_request_is_answered()
    {
        var places = Enumerable.Range(0, Admission.Calls).Select(_ => _admission.Enter(Request(), RequestKind.Call)).ToList();
        Assert.Null(_admission.Enter(Request(), RequestKind.Call));
        Assert.Equal(1, _admission.TurnedAway);

        places[0]!.Dispose();
        Assert.NotNull(_admission.Enter(Request(), RequestKind.Call));
    }

    [Theory]
    [InlineData(RequestKind.Notification, Admission.Notifications / 2)]
    [InlineData(RequestKind.Registration, Admission.Calls)]
    public void A_request_takes_a_place_only_once_its_body_has_arrived(RequestKind kind, int places)
    {
        for (var i = 0; i < 10 * places; i++)
            Assert.NotNull(_admission.Enter(Request(), kind));
        var taken = Enumerable.Range(0, places).Select(_ => Enter()).ToList();
        Assert.Throws<IntakeFullException>(Enter);

        taken[0].Dispose();
        Enter().Dispose();

        IDisposable Enter() => kind == RequestKind.Notification ? _admission.EnterNotification("media") : _admission.EnterRegistration();
    }

    [Fact]
    public void A_source_at_its_limit_of_notifications_leaves_places_for_other_sources_and_all_for_registrations()
    {
        for (var i = 0; i < Admission.Notifications / 2; i++)
            _admission.EnterNotification("media");
        Assert.Throws<IntakeFullException>(() => _admission.EnterNotification("media"));

        for (var i = 0; i < Admission.Notifications / 4; i++)
            _admission.EnterNotification("second");
        for (var i = 0; i < Admission.Calls; i++)
            _admission.EnterRegistration();
    }

    [Fact]
    public void Health_checks_are_always_admitted()
    {
        for (var i = 0; i < Admission.Calls; i++)
            Assert.NotNull(_admission.Enter(Request(), RequestKind.Call));

        Assert.NotNull(_admission.Enter(Request(), RequestKind.Health));
    }

    [Fact]
    public async Task Lists_wait_in_order_and_take_no_places_from_other_calls()
    {
        using var admission = new Admission(TimeProvider.System, NullLogger<Admission>.Instance, listTurns: 2);
        for (var i = 0; i < 2 * Admission.Lists; i++)
            Assert.NotNull(admission.Enter(Request(), RequestKind.List));
        Assert.NotNull(admission.Enter(Request(), RequestKind.Call));

        var turns = Enumerable.Range(0, Admission.Lists).Select(_ => admission.ListTurnAsync(isLong: true, Cancelled).AsTask()).ToList();
        Assert.Equal([true, true, false], turns.Take(3).Select(turn => turn.IsCompleted));
        await Assert.ThrowsAsync<IntakeFullException>(() => admission.ListTurnAsync(isLong: true, Cancelled).AsTask());

        (await turns[0]).Dispose();

        await turns[2].WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.False(turns[3].IsCompleted);
    }

    [Fact]
    public async Task Short_lists_and_long_lists_do_not_wait_for_each_other()
    {
        using var admission = new Admission(TimeProvider.System, NullLogger<Admission>.Instance, listTurns: 1);
        var turns = Enumerable.Range(0, Admission.Lists).Select(_ => Turn(isLong: true)).ToList();
        await Assert.ThrowsAsync<IntakeFullException>(() => Turn(isLong: true));

        var (first, second) = (Turn(isLong: false), Turn(isLong: false));
        Assert.Equal((true, false), (first.IsCompletedSuccessfully, second.IsCompleted));
        (await first).Dispose();

        await second.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.False(turns[1].IsCompleted);

        Task<IDisposable> Turn(bool isLong) => admission.ListTurnAsync(isLong, Cancelled).AsTask();
    }

    [Theory]
    [InlineData(true, RequestKind.Notification, true)]
    [InlineData(true, RequestKind.Call, false)]
    [InlineData(false, RequestKind.Notification, false)]
    public async Task During_intake_the_turn_of_a_long_list_stays_empty_for_three_times_as_long_as_the_list_took(bool isLong, RequestKind beside, bool rests)
    {
        var time = new ManualTimeProvider();
        using var admission = new Admission(time, NullLogger<Admission>.Instance);
        List<Task<IDisposable>> turns = [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount / 2)).Select(_ => Turn())];
        var (next, last) = (Turn(), Turn());
        using var other = beside == RequestKind.Notification ? admission.EnterNotification("media") : admission.Enter(Request(), beside);

        time.Advance(TimeSpan.FromMilliseconds(20));
        (await turns[0]).Dispose();

        if (rests)
        {
            time.Advance(TimeSpan.FromMilliseconds(59));
            Assert.Equal(1, time.PendingTimers);
            Assert.False(next.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        var turn = await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);

        // That rest is over by now, so the next turn starts immediately.
        other!.Dispose();
        turn.Dispose();
        await last.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.Equal(0, time.PendingTimers);

        Task<IDisposable> Turn() => admission.ListTurnAsync(isLong, Cancelled).AsTask();
    }

    [Fact]
    public async Task A_list_is_serialised_during_its_turn_and_sent_after_it()
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        var answer = await ListAnswer<JobList>.MakeAsync(_admission, isLong: true, _ => Task.FromResult(new JobList([], "更多")), ApiJson.Wire.JobList, Cancelled);

        // The turn is free although the answer has not been sent.
        (await _admission.ListTurnAsync(isLong: true, Cancelled)).Dispose();
        await answer.ExecuteAsync(context);

        Assert.Equal("""{"jobs":[],"continuation":"更多"}""", Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()));
        Assert.Equal(("application/json; charset=utf-8", context.Response.Body.Length), (context.Response.ContentType, context.Response.ContentLength));
    }

    [Fact]
    public async Task A_list_is_answered_503_when_unread_lists_leave_no_room_for_it()
    {
        var context = new DefaultHttpContext
        {
            RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider(),
            Response = { Body = new MemoryStream() },
        };
        var answer = await ListAnswer<JobList>.MakeAsync(_admission, isLong: true, _ => Task.FromResult(new JobList([], null)), ApiJson.Wire.JobList, Cancelled);
        using (var unread = _admission.ListRoom(Admission.ListBytes))
        {
            Assert.NotNull(unread);
            await answer.ExecuteAsync(context);
        }

        Assert.Equal((503, "5"), (context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
        Assert.Equal(1, _admission.TurnedAway);
        Assert.NotNull(_admission.ListRoom(Admission.ListBytes * 2L));
    }

    [Fact]
    public void Oversized_notifications_are_logged_with_the_limit_at_most_once_a_minute_for_each_source()
    {
        var (time, log) = (new ManualTimeProvider(), new Log());
        using var admission = new Admission(time, log);

        admission.TooLarge("media", 65536);
        admission.TooLarge("media", 65536);
        admission.TooLarge("vod", 65536);
        time.Advance(TimeSpan.FromSeconds(59));
        admission.TooLarge("media", 65536);
        time.Advance(TimeSpan.FromSeconds(1));
        admission.TooLarge("media", 65536);

        Assert.Equal([Line("media", 1), Line("vod", 1), Line("media", 4)], log.Warnings);

        // These were admitted.
        Assert.Equal(0, admission.TurnedAway);

        static string Line(string source, int count) =>
            $"A notification to {source} is larger than FopWatch:MaxBodyBytes (65536) and was answered 413 ({count} since the start)";
    }

    [Fact]
    public void Rejected_requests_are_logged_at_most_once_a_minute()
    {
        var (time, log) = (new ManualTimeProvider(), new Log());
        using var admission = new Admission(time, log);

        admission.Refused("one");
        admission.Refused("two");
        time.Advance(TimeSpan.FromMinutes(1));
        admission.Refused("three");

        Assert.Equal(
            ["Requests are turned away, 1 since the start. The last one: one", "Requests are turned away, 3 since the start. The last one: three"],
            log.Warnings);
    }

    private static HttpRequest Request(string query = "") => new DefaultHttpContext { Request = { QueryString = new(query) } }.Request;

    private sealed class Log : ILogger<Admission>
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

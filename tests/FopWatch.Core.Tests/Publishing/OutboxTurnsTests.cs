using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Core.Tests.Publishing;

public class OutboxTurnsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly OutboxTurns _turns = new(Now);

    [Fact]
    public void An_event_that_was_not_refused_may_be_published() => Assert.True(_turns.Admits(Key, 0, null));

    [Fact]
    public void A_refused_event_may_be_published_from_its_retry_time()
    {
        Assert.True(_turns.Admits(Key, 1, Now));
        Assert.False(_turns.Admits(Key, 1, Now + Tick));
    }

    [Fact]
    public void A_wait_longer_than_possible_is_over()
    {
        Assert.False(_turns.Admits(Key, 1, Now + (2 * SetAside.Longest)));
        Assert.True(new OutboxTurns(Now).Admits(Key, 1, Now + (2 * SetAside.Longest) + Tick));
    }

    [Theory]
    [InlineData(OutboxTurns.HoldsBack - 1, false)]
    [InlineData(OutboxTurns.HoldsBack, true)]
    public void A_waiting_event_holds_back_its_jobs_later_ones_until_it_was_refused_too_often(int refusals, bool admitted)
    {
        Assert.False(_turns.Admits(Key, refusals, Now + Tick));

        Assert.Equal(admitted, _turns.Admits(Key, 0, null));
        Assert.Equal(admitted, _turns.Admits(Key, 2, Now));
        Assert.True(_turns.Admits(new(Key.Source, "z0.other"), 0, null));
    }

    [Fact]
    public void The_retries_until_then_take_63_minutes() =>
        Assert.Equal(63, Enumerable.Range(1, OutboxTurns.HoldsBack - 1).Sum(refusals => SetAside.Wait(refusals).TotalMinutes));
}

using FopWatch.PollLimits;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.PollLimits;

public sealed class PollSlotsTests : IPollShares
{
    private readonly ManualTimeProvider _time = new();
    private int _share = 1;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<PollSlotOptions, double, int> Sizes => new()
    {
        { PollSlotOptions.Embedded, 0.01, 4 },
        { PollSlotOptions.Embedded, 10, 20 },
        { PollSlotOptions.Embedded, 1000, 64 },
        { PollSlotOptions.Cloud, 0.01, 1 },
        { PollSlotOptions.Cloud, 1, 5 },
        { PollSlotOptions.Cloud, 10, 8 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_source_has_as_many_slots_as_some_seconds_of_its_rate_within_limits(PollSlotOptions options, double perSecond, int expected)
    {
        var (slots, source) = (new PollSlots(options, _time), PollPacerTests.Source("media", perSecond));

        Assert.Equal(expected, slots.Of(source));
        for (var i = 0; i < expected; i++)
            Assert.NotNull(await slots.TryTakeAsync(source, Cancelled));
        Assert.Null(await slots.TryTakeAsync(source, Cancelled));
        Assert.NotNull(await slots.TryTakeAsync(PollPacerTests.Source("other", perSecond), Cancelled));
    }

    [Fact]
    public async Task A_slot_released_twice_is_free_once()
    {
        var (slots, source) = (new PollSlots(new(0, 2, 2), _time), PollPacerTests.Source("media", 1));
        var first = await slots.TryTakeAsync(source, Cancelled);
        Assert.NotNull(await slots.TryTakeAsync(source, Cancelled));

        first!.Dispose();
        first.Dispose();

        Assert.NotNull(await slots.TryTakeAsync(source, Cancelled));
        Assert.Null(await slots.TryTakeAsync(source, Cancelled));
    }

    [Fact]
    public async Task A_process_without_a_share_of_the_rate_has_no_slot()
    {
        var (slots, source) = (new PollSlots(PollSlotOptions.Cloud, _time, this), PollPacerTests.Source("media", 1));

        _share = 0;
        Assert.Null(await slots.TryTakeAsync(source, Cancelled));

        _share = 1;
        Assert.NotNull(await slots.TryTakeAsync(source, Cancelled));
    }

    [Theory]
    [InlineData(0.1, 5, 15, 25)]
    [InlineData(2, 5, 5.5, 6)]
    public void Postponed_polls_return_at_the_intervals_that_their_source_allows(double perSecond, double first, double second, double third)
    {
        var (slots, source) = (new PollSlots(PollSlotOptions.Cloud, _time), PollPacerTests.Source("media", perSecond));
        var now = _time.GetUtcNow();

        Assert.Equal([first, second, third], Enumerable.Range(0, 3).Select(_ => (slots.Postpone(source) - now).TotalSeconds));
        Assert.Equal(now + PollSlots.ShortestWait, slots.Postpone(PollPacerTests.Source("other", perSecond)));
    }

    [Fact]
    public void A_poll_postponed_later_waits_no_longer_than_the_first()
    {
        var (slots, source) = (new PollSlots(PollSlotOptions.Cloud, _time), PollPacerTests.Source("media", 0.1));
        slots.Postpone(source);

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(_time.GetUtcNow() + PollSlots.ShortestWait, slots.Postpone(source));
    }

    [Fact]
    public void A_clock_that_was_ahead_postpones_no_later_poll()
    {
        var (slots, source) = (new PollSlots(PollSlotOptions.Cloud, _time), PollPacerTests.Source("media", 10));
        _time.Ahead = TimeSpan.FromDays(365);
        slots.Postpone(source);

        _time.Ahead = TimeSpan.Zero;

        Assert.InRange(slots.Postpone(source) - _time.GetUtcNow(), PollSlots.ShortestWait, TimeSpan.FromSeconds(6));
    }

    ValueTask<int> IPollShares.TakeAsync(Source source, CancellationToken cancellationToken) => new(_share);
}

using FopWatch.Embedded;
using FopWatch.Jobs;

namespace FopWatch.Core.Tests.Embedded;

/// <summary>The waits between failing polls that the store cannot postpone.</summary>
public sealed class PollBackoffTests
{
    private static readonly JobKey One = new("media", "z0.one");
    private static readonly JobKey Other = new("media", "z0.other");

    private readonly ManualTimeProvider _time = new();
    private readonly PollBackoff _failed;

    public PollBackoffTests() => _failed = new(_time);

    [Fact]
    public void A_poll_that_never_failed_is_neither_postponed_nor_due_again()
    {
        Assert.Equal((false, false, null, 0), (_failed.IsPutOff(One), _failed.IsDue(One), _failed.NextIn(), _failed.Count));
        _failed.Remove(One);
        Assert.Equal(0, _failed.Count);
    }

    [Fact]
    public void Each_failure_doubles_the_wait_from_a_second_up_to_a_minute()
    {
        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60])
        {
            _failed.Add(One);

            Assert.Equal(TimeSpan.FromSeconds(seconds), _failed.NextIn());
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.Equal((true, false), (_failed.IsPutOff(One), _failed.IsDue(One)));
            _time.Advance(TimeSpan.FromTicks(1));
            Assert.Equal((false, true), (_failed.IsPutOff(One), _failed.IsDue(One)));
            Assert.Equal(TimeSpan.Zero, _failed.NextIn());
        }

        Assert.Equal(1, _failed.Count);
    }

    [Fact]
    public void A_poll_that_ends_otherwise_starts_over_with_the_first_wait()
    {
        _failed.Add(One);
        _failed.Add(One);
        _failed.Remove(One);
        Assert.Equal((null, false, false), (_failed.NextIn(), _failed.IsPutOff(One), _failed.IsDue(One)));

        _failed.Add(One);
        Assert.Equal(PollBackoff.First, _failed.NextIn());
    }

    [Fact]
    public void A_poll_postponed_by_its_step_waits_like_a_failed_one_but_no_longer_than_the_step_says()
    {
        foreach (var seconds in (int[])[1, 2, 4, 5, 5])
        {
            _failed.Add(One, TimeSpan.FromSeconds(5));
            Assert.Equal(TimeSpan.FromSeconds(seconds), _failed.NextIn());
        }

        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            _failed.Add(Other, TimeSpan.FromHours(1));
            _failed.Remove(One);
            Assert.Equal(TimeSpan.FromSeconds(seconds), _failed.NextIn());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_next_poll_is_the_one_with_the_shortest_wait(bool isTheFirst)
    {
        _failed.Add(isTheFirst ? Other : One);
        _failed.Add(isTheFirst ? One : Other);
        _failed.Add(One);
        _failed.Add(One);

        Assert.Equal(TimeSpan.FromSeconds(1), _failed.NextIn());
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(TimeSpan.Zero, _failed.NextIn());
        _failed.Remove(Other);
        Assert.Equal(TimeSpan.FromSeconds(2.5), _failed.NextIn());
    }

    [Fact]
    public void Only_jobs_not_polled_within_a_minute_of_their_wait_are_forgotten()
    {
        _failed.Add(One);
        _time.Advance(TimeSpan.FromSeconds(30));
        _failed.Add(Other);

        _time.Advance(TimeSpan.FromSeconds(31));
        _failed.NextIn();
        Assert.Equal(2, _failed.Count);

        _time.Advance(TimeSpan.FromTicks(1));
        _failed.NextIn();
        Assert.Equal((1, false, true), (_failed.Count, _failed.IsDue(One), _failed.IsDue(Other)));
    }

    [Fact]
    public void Setting_the_clock_changes_no_wait()
    {
        _failed.Add(One);
        foreach (var ahead in (int[])[30, -30])
        {
            _time.Ahead = TimeSpan.FromDays(ahead);
            Assert.Equal((true, PollBackoff.First), (_failed.IsPutOff(One), _failed.NextIn()));
        }
    }

    [Fact]
    public void At_most_a_thousand_are_remembered()
    {
        for (var i = 0; i < 999; i++)
            _failed.Add(new("media", $"z0.{i}"));
        Assert.False(_failed.IsFull);

        _failed.Add(One);
        Assert.True(_failed.IsFull);
    }
}

using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>Histories that do not predict future jobs, counted and added as by a host: every minute, with the polls that find jobs running.</summary>
public sealed class PoisonedHistoryTests(ITestOutputHelper output)
{
    private const int Before = 48;
    private const int EachHour = 200;

    private readonly LearningHost _host = new();
    private readonly Distribution _truth = Distribution.Of("log-normal, 1 min");
    private readonly Random _random = new(7);

    /// <summary>What happens after two days of ordinary jobs, and after how many hours the plan is no worse than the fixed one again.</summary>
    [Theory]
    [InlineData("forged notifications after 1 s", 24 + 72)]
    [InlineData("forged notifications after 12 days", 24 + 72)]
    [InlineData("an outage of 8 h with 2,000 jobs an hour", 12 + 72)]
    [InlineData("jobs that are stuck until their deadline", (10 * 24) + 72)]
    [InlineData("a batch of 50,000 of 2 h", 4 + 72)]
    [InlineData("a clock that is ahead by a day", 24 + 72)]
    public void A_poisoned_history_at_most_doubles_the_fixed_plans_delay_and_is_outgrown(string poison, int hours)
    {
        var (before, most, last) = (0d, 0d, 0d);
        for (var hour = 0; hour < Before + hours; hour++)
        {
            Begin(hour, poison);
            _host.RunTo(hour + 1);
            var ofFixed = hour % 12 == 11 || (hour >= Before && hour < Before + 30 && hour % 3 == 2) || hour == Before + hours - 1 ? DelayOfFixed() : last;
            (before, most, last) = (hour == Before - 1 ? ofFixed : before, hour >= Before ? Math.Max(most, ofFixed) : 0, ofFixed);
        }

        output.WriteLine($"{poison}: {before:0.00} of the fixed plan's delay before, {most:0.00} at most, {last:0.00} in the end");
        Assert.InRange(before, 0, 1);
        Assert.InRange(most, 0, 2);
        Assert.InRange(last, 0, 1);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(24)]
    public void A_history_of_nothing_but_an_outage_at_most_doubles_the_fixed_plans_delay(int hours)
    {
        var outage = Distribution.Of("3 h");
        for (var hour = 0; hour < hours + 4; hour++)
        {
            _host.Register(hour, outage.Draw(_random, hour < hours ? 500 : 0), _random);
            _host.RunTo(hour + 1);
        }

        output.WriteLine($"{hours} h: {DelayOfFixed():0.00} of the fixed plan's delay, {_host.Known.Jobs:0} known");
        Assert.InRange(DelayOfFixed(), 0, 2);
    }

    [Fact]
    public void A_single_hour_teaches_nothing()
    {
        for (var hour = 0; hour < 2; hour++)
        {
            _host.Register(hour, Distribution.Of("1 s").Draw(_random, 10_000), _random, within: 0.9);
            _host.RunTo(hour + 1);
        }

        Assert.InRange(_host.Known.Jobs, 7, PlanLearner.LeastJobs - 1);
        _host.Register(2, Distribution.Of("1 s").Draw(_random, 10_000), _random, within: 0.9);
        _host.RunTo(3);
        Assert.InRange(_host.Known.Jobs, PlanLearner.LeastJobs, 22);
    }

    [Fact]
    public void Jobs_that_all_start_at_the_top_of_an_hour_are_learned_correctly()
    {
        for (var hour = 0; hour < Before; hour++)
        {
            _host.Register(hour, _truth.Draw(_random, 1000), _random, within: 0.01);
            _host.RunTo(hour + 1);
        }

        var ofFixed = DelayOfFixed();
        output.WriteLine($"{ofFixed:0.00} of the fixed plan's delay");
        Assert.InRange(ofFixed, 0, 0.86);
        Assert.Equal(_truth.Truth.Unfinished(150), AgeCurve.Observed(_host.Known).Unfinished(150), 0.03);
    }

    private void Begin(int hour, string poison)
    {
        var since = hour - Before;
        var ordinary = _truth.Draw(_random, EachHour);
        switch (poison)
        {
            case "forged notifications after 1 s" when since is >= 0 and < 24:
                _host.Register(hour, Enumerable.Repeat(1d, 5000), _random, isNotified: true);
                break;
            case "forged notifications after 12 days" when since is >= 0 and < 24:
                _host.Register(hour, Enumerable.Repeat(1e6, 5000), _random, isNotified: true, isOld: true);
                break;
            case "an outage of 8 h with 2,000 jobs an hour" when since is >= 0 and < 8:
                ordinary = [.. Enumerable.Range(0, 2000).Select(_ => 10_800 * (0.5 + _random.NextDouble()))];
                break;
            case "jobs that are stuck until their deadline" when since is >= 0 and < 8:
                ordinary = [.. Enumerable.Repeat(1e7, 100)];
                break;
            case "a batch of 50,000 of 2 h" when since == 0:
                _host.Register(hour, Enumerable.Range(0, 50_000).Select(_ => 7200 * (0.8 + (0.4 * _random.NextDouble()))), _random, within: 0.02);
                break;
            default:
                break;
        }

        _host.Ahead = poison == "a clock that is ahead by a day" && since == 0 ? TimeSpan.FromDays(1) : TimeSpan.Zero;
        _host.Register(hour, ordinary, _random);
    }

    private double DelayOfFixed()
    {
        var plan = _host.Learn();
        var fixedly = PollAges.Fixed(LearningHost.Settings);
        return (plan?.Ages ?? fixedly).On(_truth.Truth, 0).Delay / fixedly.On(_truth.Truth, 0).Delay;
    }
}

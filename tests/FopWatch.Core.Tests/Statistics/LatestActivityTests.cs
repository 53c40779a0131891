using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

public sealed class LatestActivityTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_order_of_merging_gives_the_later_of_each()
    {
        LatestActivity[] all =
        [
            new(Start.AddMinutes(3), null, PollAnswer.None),
            new(null, Start.AddMinutes(2), PollAnswer.Report),
            new(Start.AddMinutes(1), Start.AddMinutes(4), PollAnswer.Refused),
            default,
        ];
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            random.Shuffle(all);
            Assert.Equal(new(Start.AddMinutes(3), Start.AddMinutes(4), PollAnswer.Refused), all.Aggregate((sum, one) => sum.With(one)));
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void It_survives_a_round_trip(bool isNotified, bool isPolled)
    {
        var latest = new LatestActivity(isNotified ? Start : null, isPolled ? Start.AddTicks(7) : null, isPolled ? PollAnswer.OutOfScope : PollAnswer.None);

        Assert.Equal(latest, LatestActivity.Read(latest.Write()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("639078768000000000")]
    [InlineData("-1 x Report")]
    [InlineData("99999999999999999999 9223372036854775807 None")]
    public void Damaged_values_count_as_never(string? text)
    {
        var read = LatestActivity.Read(text);

        Assert.Equal((null, null), (read.NotifiedAt, read.PolledAt));
    }

    [Fact]
    public void An_answer_of_a_newer_version_is_unknown_but_its_time_is_kept()
    {
        var text = new LatestActivity(Start, Start, PollAnswer.Report).Write();

        Assert.Equal(new(Start, Start, PollAnswer.None), LatestActivity.Read(text.Replace("Report", "Postponed more", StringComparison.Ordinal)));
        Assert.Equal(new(Start, Start, PollAnswer.None), LatestActivity.Read(text.Replace("Report", "77", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_time_more_than_a_day_ahead_is_ignored_as_a_wrong_clocks()
    {
        var ahead = new LatestActivity(Start.AddHours(25), Start.AddHours(23), PollAnswer.Report);

        Assert.Equal(new(null, Start.AddHours(23), PollAnswer.Report), ahead.At(Start));
        Assert.Equal(new(Start.AddHours(25), null, PollAnswer.None), new LatestActivity(Start.AddHours(25), Start.AddHours(30), PollAnswer.Report).At(Start.AddHours(2)));
    }
}

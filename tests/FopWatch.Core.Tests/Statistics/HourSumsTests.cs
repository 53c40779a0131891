using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Statistics;

public sealed class HourSumsTests
{
    private static readonly DateTimeOffset Hour = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Sums_survive_a_round_trip()
    {
        var sums = new HourSums();
        sums.Add(HourSum.Heard);
        sums.Add(HourSum.Heard);
        sums.Add(HourHistogram.Lag, TimeSpan.FromSeconds(1));

        var read = HourSums.FromJson(sums.ToJson());

        Assert.Equal((2, 1), (read[HourSum.Heard], read[HourHistogram.Lag].Sum()));
        Assert.Equal(sums.ByName, read.ByName);
    }

    [Theory]
    [InlineData("""{"heard":9223372036854775807,"found":3}""")]
    [InlineData("""{"heard":1000000000001,"found":3}""")]
    [InlineData("""{"heard":99999999999999999999,"found":3}""")]
    [InlineData("""{"heard":-1,"found":3}""")]
    [InlineData("""{"heard":1.5,"found":3}""")]
    [InlineData("""{"heard":"7","found":3}""")]
    public void An_impossible_count_is_ignored(string json)
    {
        var sums = HourSums.FromJson(json);

        Assert.Equal((0, 3), (sums[HourSum.Heard], sums[HourSum.Found]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"heard":""")]
    [InlineData("""{"\ud800":1}""")]
    public void A_value_that_is_not_an_object_of_sums_is_empty(string json) => Assert.True(HourSums.FromJson(json).IsEmpty);

    [Fact]
    public void Sums_stay_small_enough_for_many_hours_to_be_added()
    {
        var most = HourSums.FromJson("""{"heard":1000000000000,"found":1000000000000}""");
        most.Add(most);
        Assert.Equal(1_000_000_000_000, most[HourSum.Heard]);
        Assert.Equal(most.ByName, HourSums.FromJson(most.ToJson()).ByName);

        var hours = Enumerable.Range(0, 168).Select(hour => new StatisticsHour("media", Hour.AddHours(hour), most)).ToList();
        Assert.Equal(0.5, PlanReader.HeardOf(hours, Hour.AddDays(30)).Share, 12);
    }
}

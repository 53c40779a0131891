using FopWatch.Overviews;
using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Overviews;

public sealed class QuantilesTests
{
    [Fact]
    public void Without_values_there_are_no_quantiles() => Assert.Null(Quantiles.From([new HourSums()], HourHistogram.Lag));

    [Theory]
    [InlineData(0.0004)]
    [InlineData(0.03)]
    [InlineData(1)]
    [InlineData(47)]
    [InlineData(86_400)]
    [InlineData(1_000_000)]
    public void Quantiles_are_accurate_within_a_factor_of_2(double seconds)
    {
        var sums = new HourSums();
        for (var i = 0; i < 10; i++)
            sums.Add(HourHistogram.Lag, TimeSpan.FromSeconds(seconds));

        var quantiles = Quantiles.From([sums], HourHistogram.Lag)!;

        Assert.Equal(10, quantiles.Of);
        Assert.InRange(quantiles.P50, 0, quantiles.P95);
        Assert.InRange(Math.Max(quantiles.P50, 0.0005), seconds / 2, Math.Max(seconds, 0.0005) * 2);
        Assert.InRange(Math.Max(quantiles.P95, 0.0005), seconds / 2, Math.Max(seconds, 0.0005) * 2.5);
    }

    [Fact]
    public void Hours_count_together()
    {
        var (quick, slow) = (new HourSums(), new HourSums());
        for (var i = 0; i < 90; i++)
            quick.Add(HourHistogram.Lag, TimeSpan.FromMilliseconds(12));
        for (var i = 0; i < 10; i++)
            slow.Add(HourHistogram.Lag, TimeSpan.FromSeconds(70));

        var quantiles = Quantiles.From([quick, slow], HourHistogram.Lag)!;

        Assert.Equal(100, quantiles.Of);
        Assert.InRange(quantiles.P50, 0.008, 0.016);
        Assert.InRange(quantiles.P95, 65.5, 131.1);
    }
}

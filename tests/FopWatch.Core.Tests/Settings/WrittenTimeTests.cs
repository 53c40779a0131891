using FopWatch.Settings;

namespace FopWatch.Core.Tests.Settings;

public class WrittenTimeTests
{
    [Theory]
    [InlineData("250ms", "00:00:00.2500000")]
    [InlineData("90s", "00:01:30")]
    [InlineData("2m", "00:02:00")]
    [InlineData("1.5h", "01:30:00")]
    [InlineData("0d", "00:00:00")]
    [InlineData("9d", "9.00:00:00")]
    public void A_number_with_a_unit_is_a_time(string text, string time)
    {
        Assert.True(WrittenTime.TryParseWithUnit(text, TimeSpan.FromDays(9), out var read));
        Assert.Equal(time, read.ToString("c"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("2")]
    [InlineData("2M")]
    [InlineData("2 m")]
    [InlineData("-2m")]
    [InlineData("00:02:00")]
    [InlineData("NaNd")]
    [InlineData("Infinityd")]
    [InlineData("-Infinityd")]
    [InlineData("9.1d")]
    [InlineData("99999999999999999999d")]
    public void Anything_else_and_a_time_that_is_too_long_is_not(string text) =>
        Assert.False(WrittenTime.TryParseWithUnit(text, TimeSpan.FromDays(9), out _));
}

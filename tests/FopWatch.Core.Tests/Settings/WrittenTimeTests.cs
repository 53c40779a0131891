using FopWatch.Settings;

namespace FopWatch.Core.Tests.Settings;

public class WrittenTimeTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(9);

    [Theory]
    [InlineData("250ms", "00:00:00.2500000")]
    [InlineData("90s", "00:01:30")]
    [InlineData("2m", "00:02:00")]
    [InlineData("1.5h", "01:30:00")]
    [InlineData("0d", "00:00:00")]
    [InlineData("9d", "9.00:00:00")]
    [InlineData("00:05", "00:05:00")]
    [InlineData("00:05:00.5", "00:05:00.5000000")]
    [InlineData("9.00:00:00", "9.00:00:00")]
    public void A_number_with_a_unit_and_a_clock_time_are_times(string text, string time)
    {
        Assert.True(WrittenTime.TryParse(text, TimeSpan.Zero, Longest, out var read));
        Assert.Equal(time, read.ToString("c"));
        Assert.True(WrittenTime.TryParseOrSeconds(text, TimeSpan.Zero, Longest, out read));
        Assert.Equal(time, read.ToString("c"));
    }

    [Theory]
    [InlineData("120", "00:02:00")]
    [InlineData("1.5", "00:00:01.5000000")]
    [InlineData(".5", "00:00:00.5000000")]
    [InlineData("5.", "00:00:05")]
    [InlineData("777600", "9.00:00:00")]
    public void A_number_without_a_unit_is_seconds_only_where_that_is_wanted(string text, string time)
    {
        Assert.True(WrittenTime.TryParseOrSeconds(text, TimeSpan.Zero, Longest, out var read));
        Assert.Equal(time, read.ToString("c"));
        Assert.False(WrittenTime.TryParse(text, TimeSpan.Zero, Longest, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("m")]
    [InlineData("2M")]
    [InlineData("2\0m")]
    [InlineData("2 m")]
    [InlineData(" 2m")]
    [InlineData("-2m")]
    [InlineData("-2")]
    [InlineData("-00:02:00")]
    [InlineData("24:00:00")]
    [InlineData("NaN")]
    [InlineData("NaNd")]
    [InlineData("Infinityd")]
    [InlineData("-Infinityd")]
    [InlineData("1e3s")]
    [InlineData("２m")]
    [InlineData("9.1d")]
    [InlineData("777601")]
    [InlineData("99999999999999999999d")]
    [InlineData("99999999999.00:00:00")]
    public void Anything_else_and_a_time_that_is_too_long_is_not(string text)
    {
        Assert.False(WrittenTime.TryParse(text, TimeSpan.Zero, Longest, out var read));
        Assert.Equal(TimeSpan.Zero, read);
        Assert.False(WrittenTime.TryParseOrSeconds(text, TimeSpan.Zero, Longest, out read));
        Assert.Equal(TimeSpan.Zero, read);
    }

    [Fact]
    public void A_time_that_is_too_short_is_not()
    {
        Assert.False(WrittenTime.TryParse("00:00:59", TimeSpan.FromMinutes(1), Longest, out _));
        Assert.False(WrittenTime.TryParseOrSeconds("59", TimeSpan.FromMinutes(1), Longest, out _));
    }

    [Theory]
    [InlineData(0, 200_000, "a time from 0s to 200s, such as 90s, 1.5m or 00:01:30")]
    [InlineData(1, 777_600_000, "a time from 1ms to 9d, such as 90s, 1.5m or 00:01:30")]
    [InlineData(60_000, 5_400_000, "a time from 1m to 90m, such as 90s, 1.5m or 00:01:30")]
    public void What_was_expected_is_named_in_the_forms_that_are_read(int least, int most, string expected) =>
        Assert.Equal(expected, WrittenTime.Expected(TimeSpan.FromMilliseconds(least), TimeSpan.FromMilliseconds(most)));
}

using System.Globalization;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.Providers;

public class Rfc3339Tests
{
    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.0000000Z")]
    [InlineData("2026-01-31t12:00:00z", "2026-01-31T12:00:00.0000000Z")]
    [InlineData("2026-01-31T12:00:00+08:00", "2026-01-31T04:00:00.0000000Z")]
    [InlineData("2026-01-31T12:00:00-05:30", "2026-01-31T17:30:00.0000000Z")]
    [InlineData("2026-01-31T12:00:00-00:00", "2026-01-31T12:00:00.0000000Z")]
    [InlineData("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5000000Z")]
    [InlineData("2026-01-31T12:00:00.1234567+00:00", "2026-01-31T12:00:00.1234567Z")]
    [InlineData("2026-01-31T12:00:00.1234567899Z", "2026-01-31T12:00:00.1234567Z")]
    [InlineData("2024-02-29T23:59:59.000000000Z", "2024-02-29T23:59:59.0000000Z")]
    public void A_time_is_read_in_UTC(string text, string utc)
    {
        var time = Rfc3339.Parse(text);
        Assert.Equal((utc, TimeSpan.Zero), (time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), time?.Offset));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Z")]
    [InlineData("12:00")]
    [InlineData("01/02/2026")]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31Z")]
    [InlineData("2026-01-31T12:00:00")]
    [InlineData("2026-01-31T12:00:00.5")]
    [InlineData("2026-01-31T12:00Z")]
    [InlineData("2026-01-31T12:00:00.Z")]
    [InlineData("2026-01-31T12:00:00,5Z")]
    [InlineData("2026-01-31 12:00:00Z")]
    [InlineData(" 2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00Z ")]
    [InlineData("2026-01-31T12:00:00 08:00")]
    [InlineData("2026-01-31T12:00:00+8:00")]
    [InlineData("2026-01-31T12:00:00+0800")]
    [InlineData("2026-01-31T12:00:00+08")]
    [InlineData("2026-1-31T12:00:00Z")]
    [InlineData("2026-02-30T12:00:00Z")]
    [InlineData("2026-01-31T24:00:00Z")]
    [InlineData("２０２６-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00.5Z.5Z")]
    [InlineData("0001-01-01T00:00:00+14:00")]
    [InlineData("9999-12-31T23:59:59-14:00")]
    [InlineData("2026-01-31T12:00:00.00000000000000000000000000000000000000000000Z")]
    [InlineData("1769860800")]
    [InlineData("yesterday")]
    public void Nothing_else_is_a_time(string? text) => Assert.Null(Rfc3339.Parse(text));
}

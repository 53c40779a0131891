using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Decodes bodies given as text.</summary>
internal static class Bodies
{
    public static readonly IProvider Qiniu = ProviderKinds.For(ProviderKind.Qiniu);
    public static readonly IProvider Fmgr = ProviderKinds.For(ProviderKind.WangsuFmgr);
    public static readonly IProvider Fops = ProviderKinds.For(ProviderKind.WangsuFops);

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static Decoded Decode(this IProvider provider, ReportChannel channel, string body) => provider.Decode(channel, Utf8(body));

    /// <summary>The report of a valid body.</summary>
    public static JobReport Read(this IProvider provider, ReportChannel channel, string body)
    {
        var decoded = provider.Decode(channel, body);
        Assert.Null(decoded.Problem);
        return Assert.IsType<JobReport>(decoded.Report);
    }

    public static JobFacts Notified(this IProvider provider, string body) => provider.Read(ReportChannel.Notification, body).Facts;

    public static JobFacts Polled(this IProvider provider, string body) => provider.Read(ReportChannel.Poll, body).Facts;

    /// <summary>Why a body is not a report.</summary>
    public static string Problem(this IProvider provider, ReportChannel channel, string body)
    {
        var decoded = provider.Decode(channel, body);
        Assert.Null(decoded.Report);
        return Assert.IsType<string>(decoded.Problem);
    }

    public static string Base64(string text) => Convert.ToBase64String(Utf8(text));

    public static string Base64Url(string text) => Base64(text).Replace('+', '-').Replace('/', '_');
}

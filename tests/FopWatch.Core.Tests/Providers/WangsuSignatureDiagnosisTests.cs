using FopWatch.Providers;
using static FopWatch.Core.Tests.Providers.Bodies;
using static FopWatch.Core.Tests.Providers.DiagnosedRequests;
using Finding = FopWatch.Providers.Signatures.SignatureFinding;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Signatures of Wangsu that are valid for another request.</summary>
public class WangsuSignatureDiagnosisTests
{
    [Theory]
    [InlineData("http://hooks.example.com" + NotifyPath, "Set FopWatch:PublicUrl to \"http://hooks.example.com\".", Finding.UrlScheme)]
    [InlineData("https://public.example.org" + NotifyPath, "Set FopWatch:PublicUrl to \"https://public.example.org\".", Finding.Host)]
    [InlineData("http://localhost:7071" + NotifyPath, "Set FopWatch:PublicUrl to \"http://localhost:7071\".", Finding.UrlScheme, Finding.Host)]
    [InlineData("https://public.example.org/hooks" + NotifyPath, "Set FopWatch:PublicUrl to \"https://public.example.org/hooks\".", Finding.Host, Finding.Path)]
    [InlineData("https://hooks.example.com:443" + NotifyPath, "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".", Finding.Host)]
    [InlineData("https://hooks.example.com" + NotifyPath + "/", "A proxy adds or removes the trailing slash of the path: configure it to pass the path unchanged.", Finding.TrailingSlash)]
    public void A_Wangsu_signature_that_is_valid_for_a_variant_of_the_URL_is_explained(string signedUrl, string suggestion, params Finding[] findings)
    {
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            var diagnosis = Diagnose(provider, Request with { Authorization = $"ak:{SignWangsu(signedUrl)}" });

            Assert.Equal(findings, diagnosis.Findings);
            Assert.Equal(suggestion, diagnosis.Suggestion);
            Assert.Equal(signedUrl.Replace(Token, "***", StringComparison.Ordinal), diagnosis.SignedUrl);
        }
    }

    [Theory]
    [InlineData("/a%2Db", "/a%2Db", Finding.Path)]
    [InlineData("/a%20b", "/a b", Finding.Path)]
    [InlineData("/a%2Fb?q=1", "/a/b", Finding.Path, Finding.Query)]
    public void A_path_that_Wangsu_signed_as_written_or_decoded_is_explained(string called, string signedPath, params Finding[] findings)
    {
        var request = Request with { Url = new($"https://hooks.example.com{NotifyPath}{called}"), Authorization = $"ak:{SignWangsu($"https://hooks.example.com{NotifyPath}{signedPath}")}" };

        Assert.Equal(findings, Diagnose(Fops, request).Findings);
    }
}

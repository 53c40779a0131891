using System.Diagnostics;
using Xunit.Sdk;

namespace FopWatch.Infra.Tests;

/// <summary>infra/tokens.sh, with a stand-in for the Azure CLI that keeps secrets in files.</summary>
public sealed class TokensTests : IDisposable
{
    private const string Az = """
        #!/bin/sh
        printf '%s\n' "$*" >>"$VAULT/../calls"
        case "$1 $2 $3" in
          'keyvault secret list') [ -z "${DENIED:-}" ] && ls "$VAULT" ;;
          'keyvault secret set')
            while [ $# -gt 0 ]; do
              case "$1" in --name) name=$2 ;; --file) file=$2 ;; esac
              shift
            done
            cp "$file" "$VAULT/$name" ;;
        esac
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("fopwatch-tokens-").FullName;

    public TokensTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The test needs a POSIX shell.");
        Directory.CreateDirectory(Vault);
        var az = Path.Combine(_folder, "az");
        File.WriteAllText(az, Az.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string Vault => Path.Combine(_folder, "vault");

    private string Calls => File.ReadAllText(Path.Combine(_folder, "calls"));

    [Fact]
    public Task Missing_tokens_are_created_in_the_subscription_of_the_deployment() => CheckAsync(Repository.PathOf("infra/tokens.sh"));

    [Fact]
    public async Task A_script_that_asks_another_subscription_is_found()
    {
        var script = Path.Combine(_folder, "tokens.sh");
        var right = Repository.Text("infra/tokens.sh");
        var wrong = right.Replace("az \"$@\" --subscription \"$AZURE_SUBSCRIPTION_ID\"", "az \"$@\"", StringComparison.Ordinal);
        Assert.NotEqual(right, wrong);
        await File.WriteAllTextAsync(script, wrong, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<AllException>(() => CheckAsync(script));
    }

    private async Task CheckAsync(string script)
    {
        File.WriteAllText(Path.Combine(Vault, "kept"), "a-token-that-is-there");
        var (code, output, _) = await RunAsync(
            script, ("TOKEN_SECRETS", "kept made"), ("KEY_SECRETS", "kept missing-key"), ("FUNCTION_APP_ID", "/app"));

        Assert.Equal(0, code);
        Assert.Equal("a-token-that-is-there", File.ReadAllText(Path.Combine(Vault, "kept")));
        Assert.Matches("^[0-9a-f]{32}$", File.ReadAllText(Path.Combine(Vault, "made")));
        Assert.Contains("Created the secret made.", output, StringComparison.Ordinal);
        Assert.Contains("The secret missing-key is missing.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("The secret kept", output, StringComparison.Ordinal);
        Assert.All(
            Calls.Split('\n').Where(call => call.StartsWith("keyvault", StringComparison.Ordinal)),
            call => Assert.EndsWith("--subscription sub-1", call, StringComparison.Ordinal));
        Assert.Contains("rest --method post --url /app/config/configreferences/appsettings/refresh", Calls, StringComparison.Ordinal);

        // No secret is in the arguments of a process, where every user of the machine could read it.
        Assert.DoesNotContain(File.ReadAllText(Path.Combine(Vault, "made")), Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_script_fails_and_says_what_it_needs_if_the_vault_is_unreachable()
    {
        var (code, _, errors) = await RunAsync(Repository.PathOf("infra/tokens.sh"), ("TOKEN_SECRETS", "made"), ("DENIED", "1"));
        Assert.NotEqual(0, code);
        Assert.Contains("needs the role Key Vault Secrets Officer", errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Vault));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<(int Code, string Output, string Errors)> RunAsync(string script, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("/bin/sh", [script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}",
                ["VAULT"] = Vault,
                ["KEY_VAULT_NAME"] = "kv",
                ["AZURE_SUBSCRIPTION_ID"] = "sub-1",
                ["ATTEMPTS"] = "2",
                ["PAUSE_SECONDS"] = "0",
            },
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}

#!/usr/bin/env bash
# For machines whose NuGet sources lack the Azure SDK: packs the genuine, signed assemblies that the npm package
# @azure/mcp-linux-x64 carries into a folder feed outside the working tree, and prints the feed's path. Done once per machine.
set -euo pipefail

version=0.5.8
feed=${XDG_CACHE_HOME:-$HOME/.cache}/fopwatch/azure-feed-$version
if [ -f "$feed/complete" ]; then
  echo "$feed"
  exit 0
fi
command -v npm >/dev/null || { echo "npm is not here." >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack "@azure/mcp-linux-x64@$version" --loglevel=error >/dev/null
tar xzf ./*.tgz package/dist/{Azure.Data.Tables,Azure.Messaging.ServiceBus,Azure.Core.Amqp,Microsoft.Azure.Amqp}.dll

pack() { # id, version, framework, dependencies
  mkdir "$1"
  cat >"$1/$1.nuspec" <<EOF
<package>
  <metadata>
    <id>$1</id>
    <version>$2</version>
    <authors>Microsoft</authors>
    <description>The assembly of this name from @azure/mcp-linux-x64 $version.</description>
    <dependencies><group targetFramework="$3">$4</group></dependencies>
  </metadata>
  <files><file src="../package/dist/$1.dll" target="lib/$3" /></files>
</package>
EOF
  cat >"$1/pack.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <NuspecFile>$1.nuspec</NuspecFile>
    <NoBuild>true</NoBuild>
    <IncludeBuildOutput>false</IncludeBuildOutput>
  </PropertyGroup>
</Project>
EOF
  dotnet pack "$1/pack.csproj" --nologo -v quiet -o "$work/feed" >&2
}
needs() { echo "<dependency id=\"$1\" version=\"$2\" />"; }

pack Microsoft.Azure.Amqp 2.7.0 net8.0 ''
pack Azure.Core.Amqp 1.3.1 netstandard2.0 "$(needs Microsoft.Azure.Amqp 2.7.0)$(needs System.Memory.Data 6.0.1)"
pack Azure.Data.Tables 12.11.0 net8.0 "$(needs Azure.Core 1.47.1)"
pack Azure.Messaging.ServiceBus 7.20.1 net8.0 "$(needs Azure.Core 1.47.1)$(needs Azure.Core.Amqp 1.3.1)$(needs Microsoft.Azure.Amqp 2.7.0)"

mkdir -p "$(dirname "$feed")"
rm -rf "$feed"
mv "$work/feed" "$feed"
touch "$feed/complete"
echo "$feed"
